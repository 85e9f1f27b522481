// npm test: installs, builds, checks format and lint, runs the unit tests over dist/, those that need real time, then
// the tests against peers, two at a time. Says which peers are missing; its last line is `N passed, N failed, N skipped`.
// npm test -- --no-peers leaves the peers out (and says so).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installWhenMissing, root } from './prepare.mjs'
import { tapReader } from './tap.mjs'

const UNIT_LIMIT_MS = 600_000
const PEER_FILE_LIMIT_MS = 300_000
const PEER_LANES = 2

process.chdir(root)
const total = { passed: 0, failed: 0, skipped: 0 }
const skippedTests = []
const say = text => process.stdout.write(`${text}\n`)
const seconds = sinceMs => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`

/** A step that passes or fails as a whole and counts as one test. */
function step(title, args, timeoutMs) {
  const startedMs = Date.now()
  const run = spawnSync(process.execPath, args, { stdio: 'inherit', timeout: timeoutMs })
  const passed = run.status === 0
  total[passed ? 'passed' : 'failed']++
  say(`${passed ? 'ok' : 'FAILED'}  ${title} (${seconds(startedMs)})`)
  return passed
}

/** One ava run in a process group of its own, so that a hanging test can be ended with all it started. */
function ava(title, args, limitMs) {
  const startedMs = Date.now()
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', '--tap', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const reader = tapReader(say)
    child.stdout.setEncoding('utf8').on('data', chunk => reader.push(chunk))
    child.stderr.setEncoding('utf8').on('data', chunk => reader.push(chunk))
    let overdue = false
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It ended by itself in this moment.
      }
    }
    const deadline = setTimeout(() => {
      overdue = true
      end()
    }, limitMs)
    const interrupted = () => {
      end()
      process.exit(130)
    }
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    child.on('close', status => {
      clearTimeout(deadline)
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
      reader.end()
      const { counts } = reader
      if (overdue) say(`${title} was ended: it took longer than ${limitMs / 1000} s`)
      // A crash or a time-out that no test line reports must not pass unseen.
      if (status !== 0 && counts.failed === 0) counts.failed++
      for (const key of Object.keys(total)) total[key] += counts[key]
      skippedTests.push(...reader.skipped)
      const verdict = counts.failed > 0 ? 'FAILED' : 'ok'
      const words = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
      say(`${verdict}  ${title}: ${words} (${seconds(startedMs)})`)
      resolve()
    })
  })
}

/** Files of one of these folders share addresses of 127.0.0.0/8, so they run one after the other; all else is apart. */
const SHARING = ['deploy']

/** They judge how late a heartbeat is while they keep the machine busy, so nothing else runs beside them. */
const ALONE = ['storm-flood.test.js', 'storm-kill.test.js']

/** What must run one after the other, the longest first. */
function lanesOf(names) {
  const shared = SHARING.map(folder => names.filter(name => dirname(name) === folder))
  const apart = names.filter(name => !SHARING.includes(dirname(name))).map(name => [name])
  return [...shared, ...apart]
}

/** Tests against peers mostly wait for clocks, so PEER_LANES of them fit side by side on two cores. */
async function inLanes(lanes, run) {
  const waiting = [...lanes]
  const work = async () => {
    for (let lane = waiting.shift(); lane; lane = waiting.shift()) {
      for (const name of lane) await run(name)
    }
  }
  await Promise.all(Array.from({ length: PEER_LANES }, work))
}

function finish() {
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  process.exit(total.failed > 0 ? 1 : 0)
}

installWhenMissing()
if (!step('types and bundles', ['scripts/build.mjs'], 300_000)) finish()
step(
  'format and lint',
  ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  120_000,
)
await ava('unit tests', [], UNIT_LIMIT_MS)
await ava('tests in real time', ['--config', 'ava.real-time.config.js'], UNIT_LIMIT_MS)

if (process.argv.includes('--no-peers')) {
  say('the tests against peers were left out (--no-peers)')
} else {
  const { missingPeers } = await import(pathToFileURL(join(root, 'dist/test/peers/machine.js')).href)
  const missing = missingPeers()
  say(
    missing.length === 0
      ? 'all peers are here'
      : 'missing peers (their tests are skipped; with CI=true they fail):',
  )
  for (const peer of missing) say(`  ${peer.name}: ${peer.remedy}`)
  const folder = 'dist/test/peers'
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true }) : []
  const files = names.filter(name => name.endsWith('.test.js') && !name.startsWith('real-time/')).sort()
  const run = name =>
    ava(
      `peers/${name.replace('.test.js', '')}`,
      ['--config', 'ava.peers.config.js', `${folder}/${name}`],
      PEER_FILE_LIMIT_MS,
    )
  await inLanes(lanesOf(files.filter(name => !ALONE.includes(name))), run)
  for (const name of files.filter(name => ALONE.includes(name))) await run(name)
}
for (const title of skippedTests) say(`skipped: ${title}`)
finish()
