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
import { SWAP } from '../../src/deploy/plan/scripts.js'
import { stepSpans } from '../../src/deploy/plan/step-spans.js'
import { clients, type Stage, stage } from '../../test/peers/deploy/stage.js'
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

const hand = stagehand()
try {
  const site = await stage(hand.t, 3)
  site.source('one')
  const first = await site.deploy('run')
  if (first.exitCode !== 0) throw new Error(first.stdout + first.stderr)
  site.source('two')
  const load = clients(hand.t, site.url, 5)
  const run = await site.deploy('run')
  const asked = await load.stop()
  if (run.exitCode !== 0) throw new Error(run.stdout + run.stderr)
  const steps = stepSpans(lastJournal(site), Date.parse)
  const beyond = site.hosts.map(({ name }) => {
    const own = steps.filter(
      ({ host, step }) => host === name && !['upload', 'prepare', 'drain'].includes(step),
    )
    return own.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  })
  const startedMs = Date.now()
  const back = await site.deploy('rollback', '--fast')
  if (back.exitCode !== 0) throw new Error(back.stdout + back.stderr)
  const swaps = stepSpans(lastJournal(site), Date.parse).filter(({ step }) => step === 'swap')
  const fastMs = Math.max(...swaps.map(({ toMs }) => toMs)) - startedMs
  const link = await hammer()
  printTable(
    ['', 'measured', 'aim'],
    [
      ['failed requests of a release under load', `${load.failures.length} of ${asked}`, '0'],
      ['a host beyond its drain, longest', `${Math.max(...beyond)} ms`, '2000 ms'],
      ['rollback --fast, to the last switch', `${fastMs} ms`, '2000 ms'],
      [`reads without a link, ${link.switches} switches`, `${link.missing} of ${link.reads}`, '0'],
    ],
  )
  printJson('deploy', {
    failed: load.failures.length,
    asked,
    beyondDrainMs: beyond,
    rollbackFastMs: fastMs,
    ...link,
  })
} finally {
  await hand.strike()
}
