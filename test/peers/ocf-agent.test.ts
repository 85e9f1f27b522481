/**
 * ocf:heartbeat:ldirectord beside the agent of Debian's resource-agents: both drive the same scripted ldirectord, and
 * every exit code, parameter and action must be the same; where they differ on purpose the case stands by itself.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../temporary-folder.js'
import { project, readText, run } from './harness.js'
import { peerTest } from './require.js'

const test = peerTest('resource-agents', 'procps')

const AGENTS = {
  original: '/usr/lib/ocf/resource.d/heartbeat/ldirectord',
  ours: join(project, 'ocf/resource.d/heartbeat/ldirectord'),
}
type Kind = keyof typeof AGENTS

/** Answers status by the file `state`: its first line is the exit code, the rest is printed. */
const SCRIPTED = `#!/bin/sh
dir=$(dirname "$0")
case $2 in
  status) read -r code < "$dir/state"; sed 1d "$dir/state"; exit "$code" ;;
  start) [ -e "$dir/fail-start" ] && exit 1; echo 0 > "$dir/state" ;;
  stop) echo 3 > "$dir/state" ;;
esac
`

interface Stage {
  readonly state: string
  readonly failStart?: boolean
  readonly without?: 'configfile' | 'program'
}

async function codeOf(
  t: ExecutionContext,
  kind: Kind,
  action: string | null,
  stage: Stage,
): Promise<unknown> {
  const folder = temporaryFolder(t)
  const configfile = join(folder, 'www.cf')
  const program = join(folder, 'ldirectord')
  writeFileSync(configfile, 'checkinterval=1\n')
  writeFileSync(program, SCRIPTED)
  chmodSync(program, 0o755)
  writeFileSync(join(folder, 'state'), `${stage.state}\n`)
  if (stage.failStart) writeFileSync(join(folder, 'fail-start'), '')
  if (stage.without === 'configfile') rmSync(configfile)
  if (stage.without === 'program') rmSync(program)
  mkdirSync(join(folder, 'run'))
  const env = {
    OCF_ROOT: '/usr/lib/ocf',
    OCF_RESKEY_configfile: configfile,
    OCF_RESKEY_ldirectord: program,
    OCF_RESOURCE_INSTANCE: 'ldirectord',
    HA_VARRUN: join(folder, 'run'),
    HA_RSCTMP: folder,
    HA_LOGFILE: '/dev/null',
  }
  const { exitCode, stderr } = await run(AGENTS[kind], action === null ? [] : [action], { env })
  if (exitCode === null) t.fail(stderr)
  return { exitCode, state: readText(join(folder, 'state')).split('\n')[0] }
}

const RUNNING: Stage = { state: '0\nldirectord for /x is running with pid: 1' }
const STOPPED: Stage = { state: '3\nldirectord is stopped for /x' }
const STALE: Stage = { state: '1\nldirectord stale pid file /x for /y' }
const STATES: Readonly<Record<string, Stage>> = {
  running: RUNNING,
  stopped: STOPPED,
  stale: STALE,
  'status 1 of another kind': { state: '1\nsomething else' },
  'a faulty file': { state: '2\nError' },
  'an unknown status': { state: '77' },
}
const CASES: readonly [title: string, action: string | null, stage: Stage][] = [
  ...['start', 'stop', 'monitor'].flatMap(action =>
    Object.entries(STATES).map(([name, stage]): [string, string, Stage] => [
      `${action}, ${name}`,
      action,
      stage,
    ]),
  ),
  ['a start that fails', 'start', { ...STOPPED, failStart: true }],
  ['validate-all', 'validate-all', RUNNING],
  ...['start', 'monitor', 'validate-all'].map((action): [string, string, Stage] => [
    `${action} without the file`,
    action,
    { ...STOPPED, without: 'configfile' },
  ]),
  ...['start', 'stop', 'monitor'].map((action): [string, string, Stage] => [
    `${action} without the program`,
    action,
    { ...STOPPED, without: 'program' },
  ]),
  ['an unknown action', 'promote', RUNNING],
  ['no action', null, RUNNING],
  ['usage', 'usage', RUNNING],
  ['meta-data', 'meta-data', RUNNING],
]

test('every action ends as with the original agent, and has done the same', async t => {
  for (const [title, action, stage] of CASES) {
    // In `stop` of a status that is an error the original kills by a pattern over all processes and finds none;
    // ours stops by the command: both succeed, and only the script's own memory differs.
    const isKilled = action === 'stop' && !['0', '3'].includes(stage.state[0]!) && stage !== STALE
    const [original, ours] = await Promise.all([
      codeOf(t, 'original', action, stage),
      codeOf(t, 'ours', action, stage),
    ])
    const seen = (result: unknown): unknown => (isKilled ? (result as { exitCode: number }).exitCode : result)
    t.deepEqual(seen(ours), seen(original), title)
  }
})

test('a stop without the file is no failure here: it would have the node fenced', async t => {
  const stage: Stage = { ...STOPPED, without: 'configfile' }
  t.like(await codeOf(t, 'original', 'stop', stage), { exitCode: 5 })
  t.like(await codeOf(t, 'ours', 'stop', stage), { exitCode: 0 })
})

test('parameters, their defaults, and the actions are those of the original', async t => {
  const described = async (kind: Kind) => {
    const { stdout } = await run(AGENTS[kind], ['meta-data'], { env: { OCF_ROOT: '/usr/lib/ocf' } })
    const all = (pattern: RegExp): string[] => [...stdout.matchAll(pattern)].map(([found]) => found)
    return {
      name: all(/<resource-agent name="\w+"/g),
      parameters: all(/<parameter name="[^>]*>/g),
      contents: all(/<content [^>]*>/g),
      actions: all(/<action [^>]*>/g).map(action => action.replace(/\s+/g, ' ')),
    }
  }
  t.deepEqual(await described('ours'), await described('original'))
})
