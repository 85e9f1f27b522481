/** What every forwarder must do, of the kernel's own IPVS: one user-mode kernel, its table emptied before each claim. */
import test from 'ava'
import { forwarderContract } from '../../contract/forwarder/suite.js'
import { type Guests, ipvsVm, type Owner } from '../harness.js'
import { IPVS_GUEST } from '../machine.js'
import { peerTest } from '../require.js'
import { guestForwarder } from './guest.js'

const undo: (() => unknown)[] = []
const owner = { teardown: step => undo.push(step) } as Owner
let guests: Promise<Guests> | null = null

test.after.always(async () => {
  for (let step = undo.pop(); step; step = undo.pop()) await step()
})

forwarderContract(
  {
    serial: peerTest(...IPVS_GUEST),
  },
  'ipvs',
  {
    ports: [80, 81],
    schedulers: ['wrr', 'wlc'],
    method: 'gate',
    isKernel: true,
    takesNonsense: false,
    randomRuns: 10,
  },
  async () => {
    guests ??= ipvsVm(owner, '1')
    const vm = await guests
    await vm.command('exec', 'dir1', '-t', '10', 'ipvsadm', '-C')
    const forwarder = guestForwarder(owner, vm)
    return { forwarder, close: () => forwarder.close() }
  },
)
