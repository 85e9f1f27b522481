/** Looks for the file OnlyForTesting when the files are read again, and says what it asks for. */
import { readSmallFile } from '../../base/io/files.js'
import type { Level } from '../../log/record.js'
import { parseOnlyForTesting, TEST_CODE_DISABLED, type TestLosses } from '../config/only-for-testing.js'

const FILE_BYTES_MAX = 65_536

/** The losses that hold from now on; null without the file. */
export function readOnlyForTesting(
  haDir: string,
  before: TestLosses | null,
  say: (level: Level, text: string) => void,
): TestLosses | null {
  const path = `${haDir}/OnlyForTesting`
  let text: string
  try {
    text = readSmallFile(path, FILE_BYTES_MAX).toString('latin1')
  } catch {
    if (before !== null) say('info', TEST_CODE_DISABLED)
    return null
  }
  const { losses, lines } = parseOnlyForTesting(text, path)
  for (const line of lines) say(line.level, line.text)
  return losses
}
