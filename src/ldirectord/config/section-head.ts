/** The value of `virtual=` and `virtual6=`: an address or name with a port, or a firewall mark. Tried in this order. */

export type Target =
  | { readonly kind: 'address'; readonly host: string; readonly port: string }
  | { readonly kind: 'mark'; readonly mark: number; readonly digits: string }

/** The target, or the original's message. */
export function readTarget(value: string, family: 4 | 6): Target | { readonly refused: string } {
  const [, host, port] = /^([0-9A-Za-z._+-]+):([\w-]+)/.exec(value) ?? []
  if (host !== undefined && port !== undefined) return { kind: 'address', host, port }
  const digits = /^\d+/.exec(value)?.[0]
  if (digits !== undefined) return { kind: 'mark', mark: Number(digits), digits }
  const [, host6, port6] = /^(\[[0-9A-Fa-f:]+\]):([\w-]+)/.exec(value) ?? []
  if (host6 === undefined || port6 === undefined) return { refused: 'invalid address for virtual server' }
  return family === 6
    ? { kind: 'address', host: host6, port: port6 }
    : { refused: 'cannot specify an IPv6 address here. please use "virtual6" instead.' }
}
