/** Processes that do nothing but use the processor, for as long as a measurement lasts. */
import { spawn } from 'node:child_process'

/** Starts them; the returned function ends them. Each ends by itself after two minutes. */
export function busyLoops(count: number): () => void {
  const code = 'const end = Date.now() + 120000; while (Date.now() < end) {}'
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', code], { stdio: 'ignore' }),
  )
  return () => {
    for (const child of children) child.kill('SIGKILL')
  }
}
