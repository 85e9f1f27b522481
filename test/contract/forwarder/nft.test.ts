/** The nftables forwarder on the real kernel, in a network namespace of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { NFT_PATHS, nftForwarder } from '../../../src/ldirectord/forwarders/nft/nft.js'
import { needs } from '../../peers/require.js'
import { forwarderContract } from './suite.js'

// npm puts a program of the same name into the PATH of its scripts.
const NFT = NFT_PATHS.find(existsSync)
const missing = needs(['root', 'net-admin', 'nftables', 'util-linux'])

if (missing !== null) {
  test.skip(`nft: ${missing}`, () => {})
} else {
  forwarderContract(
    test,
    'nft',
    { ports: [80, 81], schedulers: ['wrr', 'wlc'], method: 'masq', isKernel: true },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'nft-'))
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
          await rm(folder, { recursive: true })
        },
      }
    },
  )
}
