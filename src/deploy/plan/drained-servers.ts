/** What `ldirectord drained --json` prints, as far as a release cares. */

export interface DrainedServer {
  readonly server: string
  readonly virtual: string
  readonly who: string
  readonly reason: string
  /** null: it lasts until somebody ends it. */
  readonly untilUnixMs: number | null
  /** What it gets at most; 0: it is taken out. */
  readonly most: number
}

/** null: this is no such list. */
export function readDrained(text: string): readonly DrainedServer[] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // the usage of another ldirectord
  }
  if (!Array.isArray(value)) return null
  const servers = value.map(readOne)
  return servers.every(server => server !== null) ? servers : null
}

function readOne(value: unknown): DrainedServer | null {
  const { server, virtual, drain } = (value ?? {}) as Record<string, unknown>
  const { who, reason, untilUnixMs, most } = (drain ?? {}) as Record<string, unknown>
  if (typeof server !== 'string' || typeof virtual !== 'string') return null
  if (typeof who !== 'string' || typeof reason !== 'string') return null
  return {
    server,
    virtual,
    who,
    reason,
    untilUnixMs: typeof untilUnixMs === 'number' ? untilUnixMs : null,
    most: typeof most === 'number' ? most : 0,
  }
}
