/**
 * Cleaning up for a test that is ended by force: a small process outside the test's process group that waits until
 * this process is gone and then runs one command. It ends by itself after half an hour.
 */
import { spawn } from 'node:child_process'

const WAIT = `n=0
while kill -0 "$1" 2>/dev/null && [ $n -lt 1800 ]; do sleep 1; n=$((n+1)); done
shift
exec "$@"`

/** The returned function calls it off: the test has cleaned up itself. */
export function reaper(words: readonly string[]): () => void {
  const child = spawn('bash', ['-c', WAIT, 'reaper', String(process.pid), ...words], {
    detached: true,
    stdio: 'ignore',
  })
  child.unref()
  return () => child.kill('SIGKILL')
}
