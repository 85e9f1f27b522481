/** The names of /etc/services. Names and aliases are case-sensitive; the first entry of the file wins. */

export type Protocol = 'tcp' | 'udp' | 'fwm' | 'any'

export class ServiceNames {
  readonly #ports = new Map<string, number>()

  constructor(etcServices: string) {
    for (const line of etcServices.split('\n')) {
      const [name, number, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
      const [, port, protocol] = /^(\d+)\/(\w+)$/.exec(number ?? '') ?? []
      if (!name || port === undefined) continue
      for (const known of [name, ...aliases]) {
        for (const key of [`${known}/${protocol}`, `${known}/any`]) {
          if (!this.#ports.has(key)) this.#ports.set(key, Number(port))
        }
      }
    }
  }

  /** A number of at most 65535 is its own port; a firewall mark has no names. */
  port(text: string, protocol: Protocol): number | null {
    if (/^\d+$/.test(text)) return Number(text) <= 65535 ? Number(text) : null
    return this.#ports.get(`${text}/${protocol}`) ?? null
  }
}
