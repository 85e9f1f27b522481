import { fileURLToPath } from 'node:url'
import test from 'ava'
import { openProxy } from '../../../../../src/ldirectord/forwarders/proxy.js'
import { forwarderContract } from '../../../../contract/forwarder/suite.js'
import { freePort } from '../../../../free-port.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

const program = fileURLToPath(new URL('../../../../../src/cli/daemons/ldirectord-proxy.js', import.meta.url))
const ports = [await freePort('127.0.1.77'), await freePort('127.0.1.77')] as const

forwarderContract(
  test,
  'proxy',
  {
    ports,
    schedulers: ['wrr', 'wlc'],
    everyScheduler: ['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh'].map(name => [name, '']),
    method: 'masq',
    isKernel: false,
  },
  async t => {
    const varRun = temporaryFolder(t)
    const forwarder = await openProxy({ instance: 'contract', varRun, log: () => {}, program })
    return {
      forwarder,
      async close() {
        const signal = new AbortController().signal
        const { services } = await forwarder.read(signal)
        // Without services the process leaves by itself.
        await forwarder.apply(
          services.map(({ key }) => ({ kind: 'deleteService' as const, key })),
          signal,
        )
        await forwarder.close()
      },
    }
  },
)
