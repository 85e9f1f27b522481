/**
 * ha-deploy over three hosts on loopback (real sshd, our ldirectord with its user-space forwarder). Aims: no failed
 * request at 200 requests/s during a release; at most 2 s a host beyond its drain; `rollback --fast` within 2 s to its
 * last switch; no reader of `current` that finds no link.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ExecutionContext } from 'ava'
import type { Entry } from '../../src/deploy/codec/journal.js'
import { LocalShell } from '../../src/deploy/io/shell.js'
import { SshShell } from '../../src/deploy/io/ssh.js'
import { SWAP } from '../../src/deploy/plan/scripts.js'
import { stepSpans } from '../../src/deploy/plan/step-spans.js'
import { clients, type Stage, stage } from '../../test/peers/deploy/stage.js'
import { SSH_PORT } from '../../test/peers/deploy/stage-machines.js'
import { environment } from '../../test/peers/harness.js'
import { printJson, printTable } from '../report.js'

const READS = 1_000_000

/** The parts of a test that the stage uses. */
function stagehand() {
  const undo: (() => unknown)[] = []
  const t = {
    teardown: (act: () => unknown) => void undo.push(act),
    log: () => {},
  } as unknown as ExecutionContext
  return {
    t,
    strike: async (): Promise<void> => {
      for (const act of undo.reverse()) await act()
    },
  }
}

function lastJournal(site: Stage): Entry[] {
  const folder = `${site.folder}/lib/ha-deploy/shop`
  const name = readdirSync(folder)
    .filter(file => file.endsWith('.journal'))
    .sort()
    .at(-1)!
  return readFileSync(`${folder}/${name}`, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Entry)
}

/** Reads of the link in a thread of its own while the production script switches it. */
async function hammer(): Promise<{ reads: number; missing: number; switches: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'systole-bench-link-'))
  try {
    for (const id of ['20260101000000', '20260102000000']) {
      mkdirSync(`${folder}/releases/${id}`, { recursive: true })
      writeFileSync(`${folder}/releases/${id}/.ha-release.json`, '{"state":"good"}')
    }
    symlinkSync('releases/20260101000000', `${folder}/current`)
    const reader = new Worker(
      `const { readlinkSync } = require('node:fs'); const { parentPort, workerData } = require('node:worker_threads')
       let missing = 0
       for (let i = 0; i < workerData.reads; i++) { try { readlinkSync(workerData.path) } catch { missing++ } }
       parentPort.postMessage(missing)`,
      { eval: true, workerData: { path: `${folder}/current`, reads: READS } },
    )
    let missing: number | null = null
    reader.once('message', (count: number) => {
      missing = count
    })
    const shell = new LocalShell('here', environment())
    let switches = 0
    while (missing === null) {
      const to = readlinkSync(`${folder}/current`).endsWith('1000000') ? '20260102000000' : '20260101000000'
      const result = await shell.run(SWAP, [folder, `releases/${to}`, 'bench', 'forward'], 5_000)
      if (!result.ok) throw new Error(result.why)
      switches++
    }
    return { reads: READS, missing, switches }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Row = readonly [what: string, measured: string, aim: string]
interface Measured {
  readonly rows: readonly Row[]
  readonly values: Readonly<Record<string, unknown>>
}

async function must(site: Stage, ...words: string[]): Promise<void> {
  const result = await site.deploy(...words)
  if (result.exitCode !== 0) throw new Error(`ha-deploy ${words.join(' ')}: ${result.stdout}${result.stderr}`)
}

/** What a command over ssh costs at least. */
const COMMAND_MS = 100

/** Three hosts and a director, each behind an sshd of its own, with release `one`. */
async function withSite(measure: (site: Stage, t: ExecutionContext) => Promise<Measured>): Promise<Measured> {
  const hand = stagehand()
  try {
    const site = await stage(hand.t, 3, { directors: 1, commandDelayMs: COMMAND_MS })
    site.source('one')
    await must(site, 'run')
    return await measure(site, hand.t)
  } finally {
    await hand.strike()
  }
}

/** What one command over ssh costs here: of no effect, in a session that is open. */
async function commandMs(site: Stage): Promise<number> {
  const [host] = site.hosts
  const shell = new SshShell('web1', {
    host: host!.address,
    port: SSH_PORT,
    user: 'root',
    keyFile: `${site.folder}/user_key`,
    agent: null,
    knownHosts: `${site.folder}/known_hosts`,
    strict: 'yes',
    timeoutMs: 5_000,
  })
  await shell.run(':', [], 5_000)
  const startedMs = performance.now()
  for (let n = 0; n < 20; n++) await shell.run(':', [], 5_000)
  await shell.close()
  return (performance.now() - startedMs) / 20
}

const release = (): Promise<Measured> =>
  withSite(async (site, t) => {
    const sshMs = await commandMs(site)
    site.source('two')
    const load = clients(t, site.url, 5)
    await must(site, 'run')
    const asked = await load.stop()
    const steps = stepSpans(lastJournal(site), Date.parse)
    const beyond = site.hosts.map(({ name }) => {
      const own = steps.filter(
        ({ host, step }) => host === name && !['upload', 'prepare', 'drain'].includes(step),
      )
      return own.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    })
    const failed = load.failures.length
    return {
      rows: [
        ['failed requests of a release under load', `${failed} of ${asked}`, '0'],
        ['a host beyond its drain, longest', `${Math.max(...beyond)} ms`, '2000 ms'],
        ['an ssh command', `${Math.round(sshMs)} ms`, ''],
      ],
      values: { failed, asked, beyondDrainMs: beyond, sshCommandMs: sshMs },
    }
  })

const fast = (): Promise<Measured> =>
  withSite(async site => {
    site.source('two')
    await must(site, 'run')
    const startedMs = Date.now()
    await must(site, 'rollback', '--fast')
    const wholeMs = Date.now() - startedMs
    const entries = lastJournal(site)
    const swaps = stepSpans(entries, Date.parse).filter(({ step }) => step === 'swap')
    const lastMs = Math.max(...swaps.map(({ toMs }) => toMs)) - startedMs
    const planMs = Date.parse(entries[0]!.time) - startedMs
    const beginMs = Math.min(...swaps.map(({ fromMs }) => fromMs)) - startedMs
    return {
      rows: [
        ['rollback --fast of 3 hosts, to the last switch', `${lastMs} ms`, '2000 ms'],
        ['  to the start of the program', `${planMs} ms`, ''],
        ['  to the first switch (connected, looked, locked)', `${beginMs} ms`, ''],
        ['  to its end', `${wholeMs} ms`, ''],
      ],
      values: { rollbackFastMs: lastMs, planMs, beginMs, wholeMs },
    }
  })

async function link(): Promise<Measured> {
  const seen = await hammer()
  return {
    rows: [[`reads without a link, ${seen.switches} switches`, `${seen.missing} of ${seen.reads}`, '0']],
    values: seen,
  }
}

const PARTS: Readonly<Record<string, () => Promise<Measured>>> = { release, fast, link }

const words = process.argv.slice(2)
const unknown = words.find(word => !Object.hasOwn(PARTS, word))
if (unknown !== undefined) {
  process.stderr.write(`no part called ${unknown}; there are: ${Object.keys(PARTS).join(', ')}\n`)
  process.exit(2)
}
const rows: Row[] = []
let values: Record<string, unknown> = {}
for (const word of words.length > 0 ? words : Object.keys(PARTS)) {
  const measured = await PARTS[word]!()
  rows.push(...measured.rows)
  values = { ...values, ...measured.values }
}
printTable(['', 'measured', 'aim'], rows)
printJson('deploy', values)
