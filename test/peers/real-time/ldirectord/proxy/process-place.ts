/** A folder for one proxy process of tests, and what it takes to start one there. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { isAlive, readPidFile } from '../../../../../src/base/io/processes.js'
import type { Edit } from '../../../../../src/ldirectord/core/table.js'
import type { Forwarder } from '../../../../../src/ldirectord/forwarders/forwarder.js'
import { openProxy } from '../../../../../src/ldirectord/forwarders/proxy.js'
import { destinationOf, serviceOf, tcp } from '../../../../ldirectord/proxy/table-values.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

export const program = fileURLToPath(
  new URL('../../../../../src/cli/daemons/ldirectord-proxy.js', import.meta.url),
)
export const never = new AbortController().signal

export interface Place {
  readonly varRun: string
  readonly log: string[]
  /** @param program the installed one unless given */
  open(program?: string): Promise<Forwarder>
  pid(): number
}

/** A folder for one proxy; whatever process is left there is ended with the test. */
export function place(t: ExecutionContext): Place {
  const varRun = temporaryFolder(t)
  const log: string[] = []
  const pid = (): number => readPidFile(join(varRun, 'ldirectord-proxy.web.cf.pid')) ?? 0
  t.teardown(() => {
    const left = pid()
    if (left > 0 && isAlive(left)) process.kill(left, 'SIGKILL')
  })
  return {
    varRun,
    log,
    pid,
    open: (wanted = program) =>
      openProxy({
        instance: 'web.cf',
        varRun,
        log: (level, text) => log.push(`${level} ${text}`),
        program: wanted,
      }),
  }
}

export async function forwardTo(
  forwarder: Forwarder,
  port: number,
  server: { address: string; port: number },
): Promise<void> {
  const key = tcp('127.0.0.1', port)
  const destination = destinationOf(server.address, server.port)
  const edits: Edit[] = [
    { kind: 'addService', service: serviceOf(key) },
    { kind: 'addDestination', key, destination },
  ]
  await forwarder.apply(edits, never)
}

/** The program, which notes the numbers of workers that it is told. */
export function counting(t: ExecutionContext): { path: string; counts: () => (number | null)[] } {
  const folder = temporaryFolder(t)
  const [path, notes] = [join(folder, 'ldirectord-proxy.mjs'), join(folder, 'counts')]
  const plane = fileURLToPath(
    new URL('../../../../../src/ldirectord/proxy/io/data-plane.js', import.meta.url),
  )
  writeFileSync(notes, '')
  writeFileSync(
    path,
    `import { appendFileSync } from 'node:fs'
import { DataPlane } from ${JSON.stringify(plane)}
const { setWorkers } = DataPlane.prototype
DataPlane.prototype.setWorkers = function (count) {
  appendFileSync(${JSON.stringify(notes)}, count + '\\n')
  return setWorkers.call(this, count)
}
await import(${JSON.stringify(program)})
`,
  )
  const counts = () =>
    readFileSync(notes, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(text => JSON.parse(text))
  return { path, counts }
}

/** A program that does the same and is another build. */
export function otherBuild(t: ExecutionContext, comment = 'newer'): string {
  const folder = temporaryFolder(t)
  const path = join(folder, 'ldirectord-proxy.mjs')
  writeFileSync(path, `import ${JSON.stringify(program)} // ${comment}\n`)
  return path
}
