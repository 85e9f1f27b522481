/** A folder for what a test writes: made empty, and gone when its owner is over, whether that passed or failed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A test; or a whole file, as `{ teardown: test.after.always }`. What was handed in last is undone first. */
export interface Owner {
  teardown(undo: () => void): void
}

export function temporaryFolder(owner: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'systole-test-'))
  // A daemon that is about to end may still write a line there.
  owner.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}
