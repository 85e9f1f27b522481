/**
 * Writes the state folder: for each node a copy of etc-ha.d with a fresh key and the node's name, and small scripts
 * that run a command as that node. Everything the demo ever writes lies below the state folder.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { adapted, type DemoNode, DIRECTOR_HEAD, environmentOf, type Layout } from './layout.js'

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function writeNode(node: DemoNode, samples: string, net: string, key: string): void {
  // Logs of the last run are gone, so that every line that is followed belongs to this run.
  for (const folder of [node.haDir, node.varRun, node.varLog])
    rmSync(folder, { recursive: true, force: true })
  for (const folder of [node.haDir, node.varLib, node.varRun, node.varLog])
    mkdirSync(folder, { recursive: true })
  mkdirSync(`${node.haDir}/resource.d`)
  for (const name of readdirSync(samples)) {
    if (name === 'README.md' || name === 'authkeys') continue
    const head = name === 'ldirectord.cf' ? DIRECTOR_HEAD : ''
    writeFileSync(
      `${node.haDir}/${name}`,
      head + adapted(readFileSync(`${samples}/${name}`, 'utf8'), node, net),
    )
  }
  writeFileSync(`${node.haDir}/authkeys`, `auth 1\n1 sha1 ${key}\n`, { mode: 0o600 })
  writeFileSync(`${node.haDir}/nodeinfo`, `${node.name}\n`)
}

function writeScript(path: string, lines: readonly string[]): void {
  writeFileSync(path, `${['#!/bin/sh', ...lines].join('\n')}\n`)
  chmodSync(path, 0o755)
}

/** `NAME NODE [ARG...]` runs a command of dist/bin as that node. */
function writeCommands(layout: Layout, programs: string): void {
  const folder = `${layout.state}/bin`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const names = layout.nodes.map(node => node.name)
  const asNode = (usage: string): string[] => [
    `case "$1" in ${names.join('|')}) ;; *) echo "usage: $0 ${usage}" >&2; exit 2 ;; esac`,
    `. ${quoted(layout.state)}/"$1"/env`,
    'shift',
  ]
  const run = (program: string): string =>
    `exec ${quoted(process.execPath)} ${quoted(`${programs}/${program}.cjs`)}`
  const node = names.join('|')
  for (const command of ['hb_standby', 'hb_takeover', 'cl_status', 'ldirectord', 'heartbeat']) {
    writeScript(`${folder}/${command}`, [...asNode(`${node} [ARGUMENT...]`), `${run(command)} "$@"`])
  }
  writeScript(`${folder}/start`, [...asNode(node), run('heartbeat')])
  writeScript(`${folder}/stop`, [...asNode(node), `${run('heartbeat')} -k`])
  const servers = layout.webServers.map(
    ({ name, address, port }) => `  ${name}) set -- ${name} ${address} ${port} ;;`,
  )
  writeScript(`${folder}/web`, [
    'case "$1" in',
    ...servers,
    `  *) echo "usage: $0 ${layout.webServers.map(server => server.name).join('|')}" >&2; exit 2 ;;`,
    'esac',
    `export SYSTOLE_DEMO=${quoted(layout.state)}`,
    `setsid ${quoted(process.execPath)} ${quoted(`${programs}/demo-web.cjs`)} "$@" </dev/null >/dev/null 2>&1 &`,
  ])
}

/** `samples` is etc-ha.d, `programs` the folder of the commands (dist/bin). Throws the error of the system. */
export function writeState(layout: Layout, net: string, samples: string, programs: string): void {
  const key = randomBytes(20).toString('hex')
  for (const node of layout.nodes) {
    writeNode(node, samples, net, key)
    const exports = Object.entries(environmentOf(layout, node)).map(
      ([name, value]) => `export ${name}=${quoted(value)}`,
    )
    writeFileSync(`${layout.state}/${node.name}/env`, `${exports.join('\n')}\n`)
  }
  writeCommands(layout, programs)
}
