/** Processes that do nothing but use the processor, for as long as a measurement lasts. */
import { spawn } from 'node:child_process'

/** Starts them; the returned function ends them. Each ends by itself when `limitMs` are over. */
export function busyLoops(count: number, limitMs: number): () => void {
  const code = `n=0; end=$((SECONDS + ${Math.ceil(limitMs / 1_000)})); while [ $SECONDS -lt $end ]; do n=$((n+1)); done`
  const children = Array.from({ length: count }, () => spawn('bash', ['-c', code], { stdio: 'ignore' }))
  return () => {
    for (const child of children) child.kill('SIGKILL')
  }
}
