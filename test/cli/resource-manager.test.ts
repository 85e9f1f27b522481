/**
 * ResourceManager, mach_down and req_resource in a folder, against what the scripts of heartbeat 3.0.6 said of the same
 * haresources and the same resources (test/peers/tools/packaged-tools.txt).
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Called } from '../../src/cli/commands/here.js'
import { machDown } from '../../src/cli/commands/mach-down.js'
import { reqResource } from '../../src/cli/commands/req-resource.js'
import { ResourceManager } from '../../src/cli/commands/resource-manager.js'
import { type Answer, comparable, FILES, readBlocks } from '../peers/tools/play.js'
import { temporaryFolder } from '../temporary-folder.js'

/** The resource script of the rig, without its log. */
const SCRIPT = `#!/bin/sh
f=$(dirname "$0")/../running.$1
case $2 in
start) touch "$f"; echo "$1 started";;
stop) rm -f "$f"; echo "$1 stopped";;
status) [ -e "$f" ] && echo running || echo stopped;;
esac
[ ! -e "$(dirname "$0")/../fail.$2" ]
`

interface Node {
  readonly folder: string
  readonly call: (words: string) => Promise<Answer>
}

/** A node that runs what the recorded one ran; `words` as in the recording, with `$S` and `L`. */
function node(t: ExecutionContext): Node {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'resource.d'))
  writeFileSync(join(folder, 'resource.d/lsblog'), SCRIPT)
  chmodSync(join(folder, 'resource.d/lsblog'), 0o755)
  writeFileSync(join(folder, 'haresources'), FILES.haresources)
  for (const name of ['web', 'extra', 'more']) writeFileSync(join(folder, `running.${name}`), '')
  const debuglog = join(folder, 'debuglog')
  const call = async (words: string): Promise<Answer> => {
    const all = words.split(' ')
    const at = all.findIndex(word => word.startsWith('$S/'))
    const name = all[at]!.slice('$S/'.length)
    const settings = all
      .slice(0, at)
      .filter(word => word.includes('='))
      .map(word => word.split('='))
    const isLogged = all[0] === 'L'
    writeFileSync(debuglog, '')
    let said = ''
    const hear = (text: string): void => {
      said += text
    }
    const called: Called = {
      program: `/usr/share/heartbeat/${name}`,
      argv: all.slice(at + 1),
      env: {
        ...{ PATH: process.env.PATH, HA_DIR: folder, HA_VARLIB: folder, HA_INITDIR: folder },
        ...Object.fromEntries(settings),
        ...(isLogged && { HA_DEBUGLOG: debuglog }),
      },
      output: { out: hear, error: hear },
    }
    const exitCode = await run(name, called)
    const logged = isLogged ? readFileSync(debuglog, 'utf8') : ''
    return { output: comparable((said + logged).replaceAll(folder, '/etc/ha.d')), exitCode }
  }
  return { folder, call }
}

function run(name: string, called: Called): Promise<number> {
  if (name === 'mach_down') return machDown(called)
  return name === 'req_resource' ? reqResource(called) : new ResourceManager(called).run(called.argv)
}

test('every verb says what the original said, and ends with its code', async t => {
  const { call } = node(t)
  const all = readBlocks('packaged-tools')
  // From there on groups move between the nodes.
  const end = all.findIndex(({ command }) => command === '$S/req_resource lsblog::db')
  const blocks = all
    .slice(0, end)
    .filter(({ command }) => /\$S\/(ResourceManager|mach_down|req_resource)/.test(command))
  t.true(blocks.length > 25)
  for (const { command, answer } of blocks) {
    // A line of the shell about the script itself is no part of the interface.
    const output = answer.output.replace(/^\S+: \d+: status: not found\n/m, '')
    t.deepEqual(await call(command), { output, exitCode: answer.exitCode }, command)
  }
})

test('a group that cannot be started is given back, and takegroup ends with 1', async t => {
  const { call, folder } = node(t)
  await call('$S/ResourceManager givegroup lsblog::extra')
  writeFileSync(join(folder, 'fail.start'), '')
  const { output, exitCode } = await call('$S/ResourceManager takegroup lsblog::extra')
  t.is(exitCode, 1)
  t.regex(output, /CRIT: Giving up resources due to failure of lsblog::extra/)
  t.false(existsSync(join(folder, 'running.extra')))
})

test('req_resource and mach_down without a daemon, or without words, end with 1 and say why', async t => {
  const { call } = node(t)
  t.regex((await call('$S/req_resource lsblog::db')).output, /heartbeat is not running on this machine/)
  for (const command of ['$S/req_resource', '$S/mach_down', '$S/mach_down a b']) {
    const { output, exitCode } = await call(command)
    t.is(exitCode, 1)
    t.regex(output, /^usage: /)
  }
})
