// A script that others wrote for heartbeat finds the same functions with the same answers, in our shellfuncs and
// ocf-shellfuncs as in those of the packages, where lines go to stderr and where they go to files.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../temporary-folder.js'
import { project, readText, run } from './harness.js'
import { peerTest } from './require.js'

const PACKAGED = { ocfRoot: '/usr/lib/ocf', shellfuncs: '/etc/ha.d/shellfuncs' }
const OURS = { ocfRoot: join(project, 'ocf'), shellfuncs: join(project, 'etc-ha.d/shellfuncs') }

interface Said {
  readonly exitCode: number | null
  readonly stdout: string[]
  readonly stderr: string[]
  readonly log: string[]
  readonly debugLog: string[]
}

/** Without what differs from run to run: dates, process ids, names of temporary files and of this node's files. */
function plain(text: string, folder: string): string[] {
  return text
    .replaceAll(folder, 'FOLDER')
    .replaceAll(/\/tmp\/tmp\.\w+/g, 'TEMP')
    .replaceAll(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/g, 'DATE')
    .replaceAll(/\[\d{2,}\]:/g, '[PID]:')
    .split('\n')
    .filter(line => !/^\S*third-party-agent: .*(?:Killed|Terminated)/.test(line))
}

async function say(
  t: ExecutionContext,
  from: typeof OURS,
  file: string,
  env: (folder: string) => Record<string, string>,
): Promise<Said> {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'rsctmp'))
  const result = await run('/bin/sh', [join(project, 'test/peers/rig/third-party-agent'), 'monitor'], {
    env: {
      ...{ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HA_RSCTMP: join(folder, 'rsctmp'), HA_CURHOST: 'alpha' },
      ...{ OCF_ROOT: from.ocfRoot, SHELLFUNCS: file, LANG: 'de_DE.UTF-8' },
      ...env(folder),
    },
  })
  return {
    exitCode: result.exitCode,
    stdout: plain(result.stdout, folder),
    stderr: plain(result.stderr, folder),
    log: plain(readText(join(folder, 'log')), folder),
    debugLog: plain(readText(join(folder, 'debug')), folder),
  }
}

const test = peerTest('heartbeat', 'procps')

for (const [where, env] of [
  ['on stderr', () => ({})],
  ['in files', folder => ({ HA_LOGFILE: `${folder}/log`, HA_DEBUGLOG: `${folder}/debug`, HA_debug: '1' })],
] as [string, (folder: string) => Record<string, string>][]) {
  test(`a third-party script gets the packages' answers from our ocf-shellfuncs, with its log ${where}`, async t => {
    const original = await say(t, PACKAGED, `${PACKAGED.ocfRoot}/lib/heartbeat/ocf-shellfuncs`, env)
    t.is(original.exitCode, 0)
    t.true(original.stdout.length > 100)
    t.deepEqual(await say(t, OURS, `${OURS.ocfRoot}/lib/heartbeat/ocf-shellfuncs`, env), original)
  })
}

test('a script of resource.d gets the same from our shellfuncs as from the package', async t => {
  const original = await say(t, PACKAGED, PACKAGED.shellfuncs, () => ({}))
  t.true(original.stdout.includes('t=hello'))
  t.deepEqual(await say(t, OURS, OURS.shellfuncs, () => ({})), original)
})
