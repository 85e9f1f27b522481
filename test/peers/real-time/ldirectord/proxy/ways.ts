/** The two ways in which the proxy carries TCP: what holds for one is to hold for the other. */
import { fileURLToPath } from 'node:url'
import type { ProxySettings } from '../../../../../src/ldirectord/proxy/io/settings.js'

const workerProgram = fileURLToPath(
  new URL('../../../../../src/cli/daemons/ldirectord-proxy-worker.js', import.meta.url),
)

export const WAYS: Readonly<Record<string, Partial<ProxySettings>>> = {
  'one thread': {},
  'two workers': { workerProgram, workers: 2, workersLeast: 2 },
}
