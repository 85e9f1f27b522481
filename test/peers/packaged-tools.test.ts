/**
 * The tools of Debian's heartbeat, unmodified, where our daemon stands in the place of the original's: what each prints
 * and its exit code are those that were recorded with the original on both nodes. The peer runs the original, so that
 * what they change is agreed on by both kinds.
 */
import { bin, type HaPair, haPair, readText } from './harness.js'
import { peerTest } from './require.js'
import { FILES, isSame, play, readBlocks } from './tools/play.js'
import { putInPlace } from './tools/put-in-place.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

const logOf = (pair: HaPair, node: string): string =>
  readText(`${pair.folder}/${node}/log/ha-log`).split('\n').slice(-30).join('\n')

test('every tool of the package answers as with the original, with our daemon in its place', async t => {
  const pair = await haPair(t, FILES)
  await putInPlace(pair, 'alpha', '/usr/libexec/heartbeat/heartbeat', bin('heartbeat'))
  const blocks = readBlocks('packaged-tools')
  t.true(blocks.length > 150)
  for (const block of blocks) {
    const answer = await play(pair, block)
    if (isSame(answer, block.answer, block.codeOnly)) continue
    t.deepEqual(answer, block.answer, `${block.head}\n${logOf(pair, 'alpha')}`)
  }
})
