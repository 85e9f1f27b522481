/**
 * Forwarding side by side: our forwarders, HAProxy, pen and nginx between the same client and the same real servers, each
 * machine a network namespace, in one run.
 *
 *     npm run bench forward [PART ...] [SECONDS]      SECONDS: of one measurement of `carry` (1)
 *
 * carry: requests and connections a second.   table: the first load and one edit of 10 000 real servers.
 * reload: 100 000 requests while ldirectord reloads.   lost: what ends when a real server is killed.
 */
import { existsSync } from 'node:fs'
import type { Owner } from '../../test/peers/harness.js'
import { askedParts } from '../asked-parts.js'
import { carry } from './parts/carry.js'
import { lost } from './parts/lost.js'
import { reload } from './parts/reload.js'
import { table } from './parts/table.js'

const SECONDS = 1
const PARTS = { carry, table, reload, lost } as const
const NEEDS = {
  haproxy: '/usr/sbin/haproxy',
  pen: '/usr/bin/pen',
  nginx: '/usr/sbin/nginx',
  'libnginx-mod-stream': '/usr/lib/nginx/modules/ngx_stream_module.so',
  wrk: '/usr/bin/wrk',
  nftables: '/usr/sbin/nft',
  curl: '/usr/bin/curl',
}

const { names, times: seconds } = askedParts('forward', PARTS, SECONDS)
const missing = Object.entries(NEEDS).flatMap(([debianPackage, path]) =>
  existsSync(path) ? [] : [debianPackage],
)
if (process.getuid?.() !== 0 || missing.length > 0) {
  process.stdout.write(`forward needs root and ${missing.join(', ') || 'nothing else'}; not measured\n`)
  process.exit(0)
}

const undo: (() => unknown)[] = []
const undoAll = async (): Promise<void> => {
  for (let step = undo.pop(); step; step = undo.pop()) await step()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void undoAll().finally(() => process.exit(1)))
}
let isWhole = true
for (const name of names) {
  try {
    await PARTS[name]({ teardown: step => undo.push(step) } as Owner, seconds)
  } catch (error) {
    isWhole = false
    process.stderr.write(`forward: part ${name}: ${(error as Error).message}\n`)
  } finally {
    await undoAll()
  }
}
process.exit(isWhole ? 0 : 1)
