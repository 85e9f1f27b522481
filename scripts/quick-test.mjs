// node scripts/quick-test.mjs [FOLDER-OR-FILE under test ...]: transpiles without type check and runs some tests.
// For the edit loop; `npm test` is the judge.
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { build } from 'esbuild'

const all = []
const walk = folder => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) walk(path)
    else if (path.endsWith('.ts')) all.push(path)
  }
}
for (const folder of ['src', 'test']) walk(folder)
rmSync('dist/test', { recursive: true, force: true })
await build({
  entryPoints: all,
  outdir: 'dist',
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'error',
})
const wanted = process.argv.slice(2).filter(word => !word.startsWith('-'))
const patterns = (wanted.length > 0 ? wanted : ['test']).map(place => {
  const path = place.replace(/\.ts$/, '')
  return statSync(place, { throwIfNoEntry: false })?.isDirectory()
    ? `dist/${path}/**/*.test.js`
    : `dist/${path}.js`
})
const flags = process.argv.slice(2).filter(word => word.startsWith('-'))
// Unit tests, unless a folder of test/peers is asked for.
const config = ['real-time', 'peers'].find(name => wanted.some(place => place.includes(name)))
if (config !== undefined) flags.unshift('--config', `ava.${config}.config.js`)
const run = spawnSync(process.execPath, ['node_modules/ava/entrypoints/cli.mjs', ...flags, ...patterns], {
  stdio: 'inherit',
})
process.exit(run.status ?? 1)
