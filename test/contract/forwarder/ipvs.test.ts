/** The IPVS forwarder against the simulated ipvsadm of the oracle, which was checked against the real one. */
import { existsSync } from 'node:fs'
import { chmod, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { ipvsForwarder } from '../../../src/ldirectord/forwarders/ipvs.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { forwarderContract } from './suite.js'

const SIMULATOR = 'test/peers/rig/ldirectord-oracle/ipvsadm-sim'

if (!existsSync('/usr/bin/python3')) {
  test.skip('ipvs: the simulated ipvsadm needs python3', () => {})
} else {
  forwarderContract(
    test,
    'ipvs',
    {
      ports: [80, 81],
      schedulers: ['wrr', 'wlc'],
      method: 'gate',
      isKernel: true,
      takesNonsense: false,
      randomRuns: 8,
    },
    async t => {
      const folder = temporaryFolder(t)
      await copyFile(SIMULATOR, join(folder, 'ipvsadm-sim'))
      const program = join(folder, 'ipvsadm')
      await writeFile(program, `#!/bin/sh\nIPVS_SIM_DIR=${folder} exec python3 ${folder}/ipvsadm-sim "$@"\n`)
      await chmod(program, 0o755)
      const forwarder = ipvsForwarder(program)
      return { forwarder, close: async () => {} }
    },
  )
}
