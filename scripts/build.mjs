// Builds dist/: tsc for src, test and bench (what the tests run), then one small CommonJS bundle per command
// (what is installed: no module loader, no library that the command does not use).
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)
const check = !process.argv.includes('--no-types')

rmSync('dist/test', { recursive: true, force: true })
if (check) {
  rmSync('dist/tsconfig.tsbuildinfo', { force: true })
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], {
    stdio: 'inherit',
  })
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
}

// Every file of src/cli becomes a command; those of src/cli/daemons are loaded by a command when it needs them.
const entries = []
for (const folder of ['src/cli', 'src/cli/daemons']) {
  if (!existsSync(folder)) continue
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.ts')) entries.push({ in: join(folder, name), out: basename(name, '.ts') })
  }
}

// A check that brings a library is a bundle of its own, which the daemon loads at its first use: what no file asks
// for costs neither start time nor memory.
const LIBRARY_CHECKS = 'src/ldirectord/checks/with-library'
const libraryCheck = name => `check-${name}`
const checksApart = {
  name: 'checks-apart',
  setup(builder) {
    builder.onResolve({ filter: /\/with-library\/[\w-]+\.js$/ }, ({ path, kind }) =>
      kind === 'dynamic-import'
        ? { path: `./${libraryCheck(basename(path, '.js'))}.cjs`, external: true }
        : undefined,
    )
  },
}
for (const name of readdirSync(LIBRARY_CHECKS)) {
  const bare = basename(name, '.ts')
  entries.push({ in: join(LIBRARY_CHECKS, name), out: libraryCheck(bare) })
}
mkdirSync('dist/bin', { recursive: true })
if (entries.length > 0) {
  const result = await build({
    entryPoints: entries,
    outdir: 'dist/bin',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // pg-native is an optional part of pg that is not used.
    external: ['koffi', 'pg-native', './*.cjs'],
    plugins: [checksApart],
    banner: { js: '#!/usr/bin/env node' },
    // CommonJS has no import.meta; commands find their neighbours through __filename.
    define: { 'import.meta.url': '__bundleUrl' },
    inject: ['scripts/bundle-url.mjs'],
    // Half the bytes are half the time that Node needs to read a command; names stay, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    logLevel: 'warning',
  })
  if (result.errors.length > 0) process.exit(1)
  for (const name of readdirSync('dist/bin'))
    if (name.endsWith('.cjs')) chmodSync(join('dist/bin', name), 0o755)
}
