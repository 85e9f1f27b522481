/** The nftables forwarder on the real kernel, in a network namespace of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { NFT_PATHS, nftForwarder } from '../../../src/ldirectord/forwarders/nft/nft.js'
import { needs } from '../../peers/require.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { forwarderContract } from './suite.js'

// npm puts a program of the same name into the PATH of its scripts.
const NFT = NFT_PATHS.find(existsSync)
const missing = needs(['root', 'net-admin', 'nftables', 'util-linux'])

if (missing !== null) {
  test.skip(`nft: ${missing}`, () => {})
} else {
  const ports = [80, 81] as const
  const schedulers = ['wrr', 'wlc'] as const
  const masq = { ports, schedulers, method: 'masq', others: ['gate'], isKernel: true } as const
  // To addresses that are not this machine's, or nothing would be routed.
  const gate = { ...masq, method: 'gate', others: ['masq'], network: '10.91.2', randomRuns: 25 } as const
  for (const [name, options] of Object.entries({ nft: masq, 'nft gate': gate })) {
    forwarderContract(test, name, options, async t => {
      const folder = temporaryFolder(t)
      // The namespace lives as long as the process in it, which ends with its input.
      const holder = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec cat'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      await once(createInterface({ input: holder.stdout }), 'line')
      const program = join(folder, 'nft')
      await writeFile(program, `#!/bin/sh\nexec nsenter -t ${holder.pid} -n ${NFT} "$@"\n`)
      await chmod(program, 0o755)
      return {
        forwarder: nftForwarder(program),
        async close() {
          holder.stdin.end()
          await once(holder, 'exit')
        },
      }
    })
  }
}
