/** What a command of ha-deploy works with: the configuration, a shell to each host and director, and the state folder. */
import { dirname, join, resolve } from 'node:path'
import type { Paths } from '../../base/paths.js'
import type { DeployConfig, HostConfig } from '../config/directives.js'
import type { SshPlace } from '../config/forms.js'
import { type HostView, readHostView } from '../plan/releases.js'
import { INSPECT } from '../plan/scripts.js'
import { ChosenDrain } from './chosen-drain.js'
import { Directors } from './directors.js'
import type { Drain } from './drain.js'
import { OpensshShell } from './openssh.js'
import { LocalShell, type Shell } from './shell.js'
import { SshShell } from './ssh.js'
import type { SshOptions } from './ssh-connect.js'

const DIRECTOR_REST_MS = 5_000

export interface Session {
  readonly config: DeployConfig
  /** Journals, locks and archives of this application. */
  readonly stateFolder: string
  /** The folder of deploy.cf: what is relative is relative to it. */
  readonly baseFolder: string
  readonly shells: ReadonlyMap<string, Shell>
  readonly directors: readonly Shell[]
  readonly local: Shell
  readonly drain: Drain
  close(): Promise<void>
}

export function openSession(config: DeployConfig, paths: Paths, say: (sentence: string) => void): Session {
  const baseFolder = dirname(resolve(config.file))
  const env = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const { ssh, director } = config
  const Transport = ssh.transport === 'openssh' ? OpensshShell : SshShell
  const sshTo = (name: string, place: SshPlace, user: string, more: Partial<SshOptions> = {}): Shell =>
    new Transport(name, {
      host: place.host,
      port: place.port ?? ssh.port,
      user,
      keyFile: ssh.key === null ? null : resolve(baseFolder, ssh.key),
      agent: process.env.SSH_AUTH_SOCK ?? null,
      knownHosts: resolve(baseFolder, ssh.known_hosts),
      strict: ssh.strict,
      timeoutMs: ssh.timeout * 1000,
      onLearnt: say,
      ...more,
    })
  const toDirector = { restMs: DIRECTOR_REST_MS, ...(director.sudo && { prefix: 'sudo -n ' }) }
  const shellOf = (host: HostConfig): Shell => sshTo(host.name, host.address, host.user ?? ssh.user)
  const shells = new Map(config.hosts.map(host => [host.name, shellOf(host)]))
  const directors =
    director.mode === 'local'
      ? [new LocalShell('local', env, director.sudo ? ['sudo', '-n'] : [])]
      : director.hosts.map(place => sshTo(placeText(place), place, ssh.user, toDirector))
  const local = new LocalShell('this machine', env)
  return {
    config,
    baseFolder,
    shells,
    directors,
    local,
    stateFolder: join(paths.varLib, 'ha-deploy', config.deploy.application),
    drain: new ChosenDrain(
      new Directors(directors, {
        config: director.config,
        ldirectord: director.ldirectord,
        counters: director.counters,
        timeoutMs: ssh.timeout * 1000,
      }),
      config.drain.method,
      config.deploy.lock_ttl,
    ),
    close: async () => {
      await Promise.all([...shells.values(), ...directors].map(shell => shell.close()))
    },
  }
}

const placeText = ({ host, port }: SshPlace): string => (port === null ? host : `${host}:${port}`)

/** The folder of a host that the configuration names. */
export const deployTo = ({ config }: Session, name: string): string =>
  config.hosts.find(host => host.name === name)!.deploy_to

/** What [health] wants and the directors cannot give, once they were asked; null: it fits. */
export function gateFault({ config: { health, file }, drain }: Session): string | null {
  if (drain.method !== 'weight')
    return health.slow_start === 0
      ? null
      : `${file}: slow_start wants the drain of our ldirectord; the directors drain by ${drain.method}`
  const seconds = drain.checkSeconds()
  return health.check !== 'ldirectord' || health.timeout > seconds
    ? null
    : `${file}: check = ldirectord wants a timeout that is longer than checkinterval=${seconds} of ldirectord.cf; found ${health.timeout}`
}

/** What one web host has, or why nothing is known. */
export async function inspect(session: Session, name: string): Promise<HostView | { readonly why: string }> {
  const shell = session.shells.get(name)!
  const { ssh } = session.config
  const result = await shell.run(INSPECT, [deployTo(session, name)], ssh.timeout * 1000)
  return result.ok ? readHostView(result.stdout) : { why: result.why }
}
