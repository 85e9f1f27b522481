/** ldirectord on the director of the street, with files of its own. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Status } from '../../src/ldirectord/core/status.js'
import { realAddress, VIRTUAL } from '../../test/peers/forwarding/street.js'
import { bin, type Owner, rootsIn, run, until } from '../../test/peers/harness.js'
import { type Place, REAL_PORT } from './place.js'

export const FORWARDERS = ['nft', 'proxy'] as const
export type ForwarderName = (typeof FORWARDERS)[number]

const WEB_PORT = 80
export const TARGET = `${VIRTUAL}:${WEB_PORT}`
const SETTLED_MS_MAX = 15_000

export interface Setting {
  readonly weights: readonly number[]
  readonly scheduler: string
  /** Whether there is a second service. */
  readonly hasNeighbour: boolean
}

export class Director {
  readonly #place: Place
  readonly #forwarder: ForwarderName
  readonly #folder: string

  private constructor(place: Place, forwarder: ForwarderName) {
    this.#place = place
    this.#forwarder = forwarder
    this.#folder = mkdtempSync(join(place.folder, 'd-'))
    for (const name of ['ha.d', 'lib', 'run', 'log']) mkdirSync(join(this.#folder, name))
  }

  static async start(
    owner: Owner,
    place: Place,
    forwarder: ForwarderName,
    setting: Setting,
  ): Promise<Director> {
    const director = new Director(place, forwarder)
    director.write(setting)
    owner.teardown(() => director.end())
    await director.command('start')
    await until('all real servers are up', SETTLED_MS_MAX, async () =>
      (await director.#reals()).every(({ health }) => health === 'up'),
    )
    return director
  }

  write({ weights, scheduler, hasNeighbour }: Setting): void {
    const section = (port: number): string =>
      [
        `virtual=${VIRTUAL}:${port}`,
        ...weights.map((weight, at) => `    real=${realAddress(at + 1)}:${REAL_PORT} masq ${weight}`),
        `    scheduler=${scheduler}`,
        '    checktype=connect\n',
      ].join('\n')
    const sections = [section(WEB_PORT), ...(hasNeighbour ? [section(WEB_PORT + 1)] : [])]
    const head = `checkinterval=1\nchecktimeout=1\nquiescent=yes\nforwarder=${this.#forwarder}\n`
    writeFileSync(join(this.#folder, 'ha.d/www.cf'), head + sections.join('\n'))
  }

  async command(action: string): Promise<string> {
    const words = ['-t', this.#place.director.pid, '-n', process.execPath, bin('ldirectord'), 'www.cf']
    const { exitCode, stdout, stderr } = await run('nsenter', [...words, ...action.split(' ')], {
      env: rootsIn(this.#folder),
    })
    if (exitCode !== 0) throw new Error(`ldirectord www.cf ${action} ended with ${exitCode}: ${stderr}`)
    return stdout
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.command('status --json')) as Status
  }

  async #reals() {
    return (await this.status()).virtuals.flatMap(({ reals }) => reals)
  }

  /** The weights of the first service are these in the forwarder's table. */
  async settles({ weights }: Setting): Promise<void> {
    await until('the weights of the file', SETTLED_MS_MAX, async () =>
      (await this.#reals()).every(({ weight }, at) => weight === weights[at % weights.length]),
    )
  }

  async end(): Promise<void> {
    await this.command('stop').catch(() => {})
  }
}
