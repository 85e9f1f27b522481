/** net.ipv4.vs.expire_quiescent_template: whether a director sends persistent clients to a server at weight 0. */
import type { DirectorView } from './director-view.js'

const SETTING = 'net.ipv4.vs.expire_quiescent_template'

const isSticky = ({ reals }: DirectorView): boolean =>
  reals.some(({ persistentSeconds }) => persistentSeconds !== null)

export const keepsClients = (view: DirectorView): boolean => view.expireTemplate === '0' && isSticky(view)

export const requiredText = ({ director }: DirectorView): string =>
  `${director}: ${SETTING} is 0: persistent clients would keep coming (expire_template = require)`

/** For `check`; null: there is nothing persistent, or no such setting. */
export function templateVerdict(
  view: DirectorView,
  wanted: 'auto' | 'require' | 'never',
): { readonly ok: boolean; readonly detail: string } | null {
  if (view.expireTemplate === null || !isSticky(view)) return null
  const said = `${SETTING} is ${view.expireTemplate}`
  if (view.expireTemplate === '1') return { ok: true, detail: said }
  if (wanted === 'require') return { ok: false, detail: `${said}, wanted 1 (expire_template = require)` }
  const then = wanted === 'auto' ? 'set to 1 for the time of a run' : 'persistent clients keep their server'
  return { ok: true, detail: `${said}: ${then}` }
}
