/** The rules of the house over parsed sources: each gives complaints `file:line: what; instead: what to do`. */
import { dirname, normalize } from 'node:path/posix'
import {
  BRIDGES,
  ENTRIES,
  placeOf,
  REAL_TIME,
  RULES,
  TIME_MODULES,
  TIME_USES,
  WORLD_GLOBALS,
  WORLD_MODULES,
} from './layers.js'
import type { Import, Source } from './source.js'

/** The source file that a relative specifier means, else null (a node module or a package). */
export function resolveImport(fromPath: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null
  return normalize(`${dirname(fromPath)}/${specifier}`).replace(/\.js$/, '.ts')
}

/** undefined: allowed; else why not. */
function forbiddenImport(from: string, { name: specifier, typesOnly }: Import): string | undefined {
  const here = placeOf(from)
  const rule = RULES[here.zone]
  const to = resolveImport(from, specifier)
  if (to === null) {
    if (rule.acts) return undefined
    if (!specifier.startsWith('node:')) return `a ${here.zone} file may not import the package ${specifier}`
    return WORLD_MODULES.has(specifier) ? `a ${here.zone} file may not import ${specifier}` : undefined
  }
  if (dirname(to) === dirname(from)) return undefined
  const there = placeOf(to)
  const own = there.product === here.product && rule.own.includes(there.zone)
  const bridged = BRIDGES.some(
    bridge => bridge.from.test(from) && bridge.to.test(to) && (typesOnly || !bridge.typesOnly),
  )
  if (bridged) return undefined
  if (own || rule.zones.includes(there.zone)) {
    const products = new Set([here.product, there.product])
    const apart = products.has('heartbeat') && products.has('ldirectord')
    return apart ? 'heartbeat and ldirectord never import each other' : undefined
  }
  return `a ${here.zone} file of ${here.product} may not import ${to}`
}

export function layerComplaints(sources: readonly Source[]): string[] {
  return sources.flatMap(source => {
    const rule = RULES[placeOf(source.path).zone]
    const imports = source.imports.flatMap(found => {
      const why = forbiddenImport(source.path, found)
      return why === undefined ? [] : [`${source.path}:${found.line}: ${why}; instead: ${rule.instead}`]
    })
    const globals = rule.acts ? [] : source.uses.filter(use => WORLD_GLOBALS.has(use.name))
    const uses = globals.map(
      ({ name, line }) =>
        `${source.path}:${line}: uses ${name} where nothing may act; instead: ${rule.instead}`,
    )
    return [...imports, ...uses]
  })
}

/** Files of src that no other file of src imports; files of src/cli are entries, and those that ENTRIES names. */
export function deadFiles(sources: readonly Source[]): string[] {
  const imported = new Set(
    sources.flatMap(source => source.imports.map(({ name }) => resolveImport(source.path, name))),
  )
  return sources
    .filter(({ path }) => !path.startsWith('src/cli/') && !(path in ENTRIES) && !imported.has(path))
    .map(({ path }) => `${path}:1: nothing in src imports this file; instead: use it, or delete it`)
}

/** The files that a command loads at its start, itself included. */
export function closureOf(entry: string, sources: ReadonlyMap<string, Source>): Set<string> {
  const seen = new Set<string>()
  const queue = [entry]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const source = sources.get(path)
    if (seen.has(path) || source === undefined) continue
    seen.add(path)
    for (const { name, typesOnly } of source.imports) {
      const to = resolveImport(path, name)
      if (to !== null && !typesOnly) queue.push(to)
    }
  }
  return seen
}

/** A command starts as fast as `node -e 0` only while no daemon is in its bundle. */
export function heavyCommands(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map(source => [source.path, source]))
  const commands = sources.filter(({ path }) => /^src\/cli\/[^/]+\.ts$/.test(path))
  return commands.flatMap(({ path }) =>
    [...closureOf(path, byPath)]
      .filter(reached => placeOf(reached).zone === 'daemon')
      .map(reached => `${path}:1: loads ${reached}; instead: start it from src/cli/daemons`),
  )
}

const LEFTOVER = /^test(\.\w+)*\.(only|skip|failing)$/

/** Tests that were switched off or on alone. test/peers/require.ts is the one place that may skip. */
export function leftovers(tests: readonly Source[]): string[] {
  return tests
    .filter(({ path }) => path !== 'test/peers/require.ts')
    .flatMap(({ path, calls }) =>
      calls
        .filter(({ name }) => LEFTOVER.test(name))
        .map(({ name, line }) => `${path}:${line}: ${name}; instead: run it, mend it or delete it`),
    )
}

/** Unit tests that look at a clock or sleep. */
export function sleepers(tests: readonly Source[]): string[] {
  const instead = 'instead: test/virtual-clock.ts, or move the test to test/peers/real-time'
  return tests
    .filter(({ path }) => !REAL_TIME.test(path))
    .flatMap(({ path, imports, uses, calls }) =>
      [
        ...imports.filter(({ name, typesOnly }) => TIME_MODULES.has(name) && !typesOnly),
        ...[...uses, ...calls].filter(({ name }) => TIME_USES.has(name)),
      ].map(({ name, line }) => `${path}:${line}: a unit test has no real time: ${name}; ${instead}`),
    )
}

/** Dependencies of package.json that no source imports. */
export function unusedDependencies(names: readonly string[], sources: readonly Source[]): string[] {
  const packageOf = (specifier: string): string =>
    specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
  const used = new Set(sources.flatMap(source => source.imports.map(({ name }) => packageOf(name))))
  return names
    .filter(name => !used.has(name))
    .map(name => `package.json: nothing in src imports ${name}; instead: remove the dependency`)
}
