/**
 * What heartbeat 3.0.6 said to 286 files (corpus/recorded.json, made by corpus/record.mjs) is what we say: the same
 * files are refused, with the same exit status and message.
 */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { checkMode, parseAuthkeys } from '../../../src/heartbeat/config/authkeys.js'
import { parseHaCf } from '../../../src/heartbeat/config/ha-cf.js'
import { parseHaresources } from '../../../src/heartbeat/config/haresources.js'
import { checkHost, type HostFacts } from '../../../src/heartbeat/config/host.js'
import { type Diagnostic, hasErrors } from '../../../src/syntax/diagnostic.js'

interface Case {
  readonly file: 'ha.cf' | 'authkeys' | 'haresources'
  readonly name: string
  readonly text: string | null
  readonly mode: string
  readonly exit: number
  readonly messages: readonly string[]
}

const cases: Case[] = JSON.parse(readFileSync('test/heartbeat/config/corpus/recorded.json', 'utf8'))

/** The machine on which the verdicts were recorded. */
const recordedHost: HostFacts = {
  hasInterface: name => ['lo', 'eth1', 'peer1'].includes(name),
  hasUser: name => ['root', 'hacluster'].includes(name),
  hasGroup: name => ['root', 'haclient'].includes(name),
  isExecutable: path => ['/bin/true', '/bin/sleep'].includes(path),
  isTerminal: () => false,
  resolves: host => /^[\d.]+$|^(alpha|beta|localhost)$/.test(host),
  hasStonithType: () => false,
}

/** Where we decide otherwise, and why. */
const departures: Record<string, { exit: number; because: string }> = {
  'ha.cf respawn missing file': {
    exit: 0,
    because: 'the path of ipfail differs between distributions; ours is built in, so no file is started',
  },
  'ha.cf compression bz2': {
    exit: 6,
    because: 'what a peer compresses with bz2 would be lost; the sentence says to write zlib',
  },
}

function judge(one: Case): { exit: number; diagnostics: readonly Diagnostic[] } {
  const path = `/etc/ha.d//${one.file}`
  if (one.file === 'authkeys') {
    const reading = parseAuthkeys(one.text!, { file: path })
    const mode = checkMode(Number.parseInt(one.mode, 8), path)
    return { exit: hasErrors(mode) ? 6 : reading.exitStatus, diagnostics: [...mode, ...reading.diagnostics] }
  }
  if (one.file === 'haresources') {
    const reading = parseHaresources(one.text!, { file: path, nodes: ['alpha', 'beta'] })
    return { exit: reading.exitStatus, diagnostics: reading.diagnostics }
  }
  const reading = parseHaCf(one.text!, { file: path, us: 'alpha' })
  const host = checkHost(reading.value, { file: path, us: 'alpha' }, recordedHost)
  const diagnostics = [...reading.diagnostics, ...host.diagnostics]
  return { exit: reading.exitStatus || host.exitStatus, diagnostics }
}

/** Lines of the original that only follow from another line, or that are not about the file. */
const FOLLOWS =
  /not started|configuration error|plugin|Lookup extended|Table size|Bad [ug]id list|Illegal (bcast|serial|ping6?) \[|IP interface|ucast: interface|Get broadcast|Unable to retrieve|Please convert|See documentation|strictly interpreted|Consider converting|When you do|You need either|This file is not used|haresources exists|Logging daemon|logd config|One or the other|^\] is invalid|Illegal directive \[x+\]/i

/** Follows from the line before it, but also stands alone. */
const MAY_FOLLOW =
  /Invalid apiauth directive|Auth Key \[16\] not found|Missing auth directive|nice_failback flag is obsolete/

const bare = (message: string): string =>
  message
    .replace(/^(ERROR|WARN|CRIT): /, '')
    .replace(/^glib: +/, '')
    .trim()

/** `***` stands for text that we do not repeat because it may be a key. The original cuts long lines. */
function says(recorded: string, original: string): boolean {
  const [head = '', tail] = original.split('***', 2)
  return tail === undefined ? recorded.startsWith(original) : recorded.startsWith(head)
}

for (const one of cases.filter(one => one.text !== null)) {
  const departure = departures[`${one.file} ${one.name}`]
  // A crash (139) is no verdict: what makes the original fall over is refused.
  const exit = departure?.exit ?? (one.exit === 139 ? 6 : one.exit)
  test(`${one.file}, ${one.name}: exit ${exit}, as the original says`, t => {
    const ours = judge(one)
    t.is(ours.exit, exit, ours.diagnostics.map(d => d.message).join('\n'))
    if (departure) return
    const originals = ours.diagnostics.flatMap(diagnostic => diagnostic.original ?? [])
    const recorded = one.messages.map(bare)
    for (const message of recorded.filter(text => !FOLLOWS.test(text))) {
      const known = originals.some(original => says(message, original))
      const follows = MAY_FOLLOW.test(message) && originals.length > 0
      t.true(known || follows, `said: ${message}\nours: ${originals.join(' | ')}`)
    }
  })
}

test("every message that is given as the original's was recorded from it", t => {
  for (const one of cases.filter(one => one.text !== null)) {
    const recorded = one.messages.map(bare)
    for (const { original, severity } of judge(one).diagnostics) {
      if (original === undefined || severity !== 'error') continue
      t.true(
        recorded.some(message => says(message, original)),
        `${one.file}, ${one.name}: ${original}`,
      )
    }
  }
})
