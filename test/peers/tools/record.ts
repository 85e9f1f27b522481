/**
 * Writes a file of recorded commands anew, with heartbeat 3.0.6 on both nodes:
 *
 *     node dist/test/peers/tools/record.js packaged-tools
 */
import type { ExecutionContext } from 'ava'
import { haPair } from '../harness.js'
import { FILES, readBlocks, record, writeBlocks } from './play.js'

const name = process.argv[2] ?? 'packaged-tools'
const ends: (() => unknown)[] = []
const context = { teardown: (end: () => unknown) => ends.push(end) } as unknown as ExecutionContext
try {
  const pair = await haPair(context, FILES)
  const blocks = []
  for (const block of readBlocks(name)) {
    const recorded = await record(pair, block)
    process.stdout.write(`${recorded.head}\n${recorded.answer.output}rc=${recorded.answer.exitCode}\n`)
    blocks.push(recorded)
  }
  writeBlocks(name, blocks)
} finally {
  for (const end of ends.reverse()) await end()
}
