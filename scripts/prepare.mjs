// What every entry script needs first: installed packages and a built dist/. Bounded, and said before it is done.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs one step with its output on our terminal; ends this process when the step fails. */
function step(title, command, args, timeoutMs) {
  process.stdout.write(`${title}\n`)
  const run = spawnSync(command, args, { cwd: root, stdio: 'inherit', timeout: timeoutMs })
  if (run.status === 0) return
  process.stderr.write(`${title} failed (${run.error?.message ?? `status ${run.status ?? run.signal}`})\n`)
  process.exit(1)
}

export function installWhenMissing() {
  if (existsSync(join(root, 'node_modules/typescript/bin/tsc'))) return
  step('installing packages (npm ci)', 'npm', ['ci', '--no-audit', '--no-fund'], 600_000)
}

/** Newest change below a folder, in milliseconds; files only, so that a touched folder does not count. */
function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...readdirSync(path).map(name => newest(join(path, name))))
}

/** `more` names further folders that count, such as bench. */
export function buildWhenOlder(more = []) {
  const mark = join(root, 'dist/bin/heartbeat.cjs')
  const sources = ['src', 'scripts', 'package.json', 'tsconfig.json', ...more].map(name => join(root, name))
  const fresh = existsSync(mark) && statSync(mark).mtimeMs > Math.max(...sources.map(newest))
  if (!fresh) step('building (npm run build)', process.execPath, ['scripts/build.mjs'], 300_000)
}
