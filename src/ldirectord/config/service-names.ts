/** The names of /etc/services. Names and aliases are case-sensitive; the first entry of the file wins. */

export type Protocol = 'tcp' | 'udp' | 'fwm' | 'any'

export class ServiceNames {
  readonly #etcServices: string
  /** Made at the first name: most files hold numbers alone. */
  #ports: ReadonlyMap<string, number> | null = null

  constructor(etcServices: string) {
    this.#etcServices = etcServices
  }

  /** A number of at most 65535 is its own port; a firewall mark has no names. */
  port(text: string, protocol: Protocol): number | null {
    if (/^\d+$/.test(text)) return Number(text) <= 65535 ? Number(text) : null
    this.#ports ??= portsOf(this.#etcServices)
    return this.#ports.get(`${text}/${protocol}`) ?? null
  }
}

function portsOf(etcServices: string): Map<string, number> {
  const ports = new Map<string, number>()
  for (const line of etcServices.split('\n')) {
    const [name, number, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const [, port, protocol] = /^(\d+)\/(\w+)$/.exec(number ?? '') ?? []
    if (!name || port === undefined) continue
    for (const known of [name, ...aliases]) {
      for (const key of [`${known}/${protocol}`, `${known}/any`]) {
        if (!ports.has(key)) ports.set(key, Number(port))
      }
    }
  }
  return ports
}
