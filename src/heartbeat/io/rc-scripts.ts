/**
 * Scripts of rc.d, run for messages of their name. The original's own five do what our daemon does by itself; running
 * them too would do everything twice, so these names are never run. The list is read once, as in the original.
 */
import { readdirSync } from 'node:fs'
import { messageEnvironment } from '../resources/plan/environment.js'
import type { Message } from '../wire/message.js'

const BUILT_IN = new Set(['status', 'ask_resources', 'ip-request', 'ip-request-resp', 'hb_takeover'])
const NAME = /^[a-z0-9_][a-z0-9_.-]{0,63}$/

export interface RcScriptsParts {
  readonly haDir: string
  readonly isLegacy: boolean
  readonly ourStatus: () => string
  readonly run: (name: string, env: Readonly<Record<string, string>>) => void
}

/** Returns what to call with each message of the cluster. */
export function rcScripts(parts: RcScriptsParts): (message: Message) => void {
  const names = new Set(namesIn(`${parts.haDir}/rc.d`).filter(name => NAME.test(name) && !BUILT_IN.has(name)))
  if (names.size === 0) return () => {}
  return message => {
    const name = message.type.toLowerCase()
    if (names.has(name)) parts.run(name, messageEnvironment(message, parts.ourStatus(), parts.isLegacy))
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no folder, no scripts
  }
}
