/**
 * Where the programs find and keep their files. Everything hangs from one root each for configuration, state,
 * runtime files and logs; each root can be moved by an environment variable, so that a whole node can live in a
 * folder without privileges. Environment names follow heartbeat's shell functions where they have one.
 */

export interface Paths {
  /** Configuration: ha.cf, authkeys, haresources, ldirectord.cf, resource.d, rc.d. HA_DIR, else /etc/ha.d */
  readonly haDir: string
  /** State that outlives a reboot: generation, uuid, FIFO. HA_VARLIB, else /var/lib/heartbeat */
  readonly varLib: string
  /** Runtime files: pid files, sockets. HA_VARRUN, else /run */
  readonly varRun: string
  /** Default place of logs that the files do not name. HA_VARLOG, else /var/log */
  readonly varLog: string
}

export function pathsFrom(env: Readonly<Record<string, string | undefined>>): Paths {
  const root = (name: string, fallback: string): string => {
    const value = env[name]
    return value ? value.replace(/(?<=.)\/+$/, '') : fallback
  }
  return {
    haDir: root('HA_DIR', '/etc/ha.d'),
    varLib: root('HA_VARLIB', '/var/lib/heartbeat'),
    varRun: root('HA_VARRUN', '/run'),
    varLog: root('HA_VARLOG', '/var/log'),
  }
}
