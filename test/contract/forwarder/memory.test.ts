import test from 'ava'
import { memoryForwarder } from '../../../src/ldirectord/forwarders/memory.js'
import { forwarderContract } from './suite.js'

forwarderContract(
  test,
  'memory',
  { ports: [80, 81], schedulers: ['wrr', 'wlc'], method: 'gate', isKernel: true },
  async () => {
    const forwarder = memoryForwarder()
    return { forwarder, close: () => forwarder.close() }
  },
)
