/**
 * The tools of Debian's heartbeat, unmodified, where our daemon stands in the place of the original's: what each prints
 * and its exit code are those that were recorded with the original on both nodes. The peer runs the original, so that
 * what they change is agreed on by both kinds.
 */
import { type HaPair, haPair, readText } from './harness.js'
import { peerTest } from './require.js'
import { FILES, isSame, play, readBlocks } from './tools/play.js'
import { putInPlace } from './tools/put-in-place.js'

const test = peerTest('net-admin', 'heartbeat', 'iproute2', 'util-linux', 'procps', 'nftables')

/** Enough to see what is wrong. */
const DIFFERING_MAX = 12

const logOf = (pair: HaPair, node: string): string =>
  readText(`${pair.folder}/${node}/log/ha-log`).split('\n').slice(-30).join('\n')

test('every tool of the package answers as with the original, with our daemon in its place', async t => {
  const pair = await haPair(t, FILES)
  await putInPlace(pair, 'alpha', '/usr/libexec/heartbeat', 'heartbeat')
  const blocks = readBlocks('packaged-tools').filter(({ withoutDaemon }) => !withoutDaemon)
  t.true(blocks.length > 120)
  const differing: string[] = []
  for await (const { block, answer } of play(pair, blocks)) {
    if (!isSame(answer, block.answer, block.codeOnly))
      differing.push(`${block.head}\n${answer.output}rc=${answer.exitCode}`)
    // A tool that does not find its daemon spoils everything behind it.
    if (differing.length >= DIFFERING_MAX) break
  }
  t.deepEqual(differing, [], logOf(pair, 'alpha'))
})
