/** The IPVS forwarder of this process on the table of a user-mode kernel: its ipvsadm is that of the guest. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Forwarder } from '../../../src/ldirectord/forwarders/forwarder.js'
import { ipvsForwarder } from '../../../src/ldirectord/forwarders/ipvs.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { type Guests, type Owner, project } from '../harness.js'

export function guestForwarder(owner: Owner, vm: Guests, guest: 'dir1' | 'dir2' = 'dir1'): Forwarder {
  const program = join(temporaryFolder(owner), 'ipvsadm')
  const rig = `${join(project, 'test/peers/rig/ipvs-vm')} -n ${vm.name}`
  writeFileSync(program, `#!/bin/sh\nexec ${rig} exec ${guest} -t 20 ipvsadm "$@"\n`)
  chmodSync(program, 0o755)
  return ipvsForwarder(program)
}
