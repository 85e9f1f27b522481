/** ha-lint for one node: each file by itself, then the files against each other. Nothing is read here. */
import { checkMode, type KeyRing, parseAuthkeys } from '../heartbeat/config/authkeys.js'
import { parseHaCf } from '../heartbeat/config/ha-cf.js'
import type { HaCf } from '../heartbeat/config/ha-cf-table.js'
import { type Haresources, parseHaresources } from '../heartbeat/config/haresources.js'
import { checkHost } from '../heartbeat/config/host.js'
import { Report } from '../heartbeat/config/report.js'
import { lintLdirectord } from '../ldirectord/config/lint.js'
import { type Diagnostic, inFileOrder } from '../syntax/diagnostic.js'
import type { NodeFiles, TextFile } from './files.js'
import { checkLinks } from './links.js'
import { checkScripts } from './scripts.js'
import { checkServices, checkStarted } from './services.js'

/** What one node's files say, for comparing them with the other's. */
export interface NodeReading {
  readonly files: NodeFiles
  readonly haCf: HaCf | null
  readonly keys: KeyRing | null
  readonly haresources: Haresources | null
  readonly diagnostics: readonly Diagnostic[]
}

export function lintDirectory(files: NodeFiles): NodeReading {
  const haCf = files.haCf === null ? null : readHaCf(files.haCf, files)
  const authkeys = files.authkeys === null ? null : readAuthkeys(files.authkeys)
  const haresources =
    files.haresources === null ? null : readHaresources(files.haresources, files, haCf?.value ?? null)
  const ldirectord = files.ldirectord.flatMap(file =>
    readLdirectord(file, haresources?.value ?? null, files.haresources?.path ?? ''),
  )
  return {
    files,
    haCf: haCf?.value ?? null,
    keys: authkeys?.value ?? null,
    haresources: haresources?.value ?? null,
    diagnostics: [haCf, authkeys, haresources]
      .flatMap(reading => reading?.diagnostics ?? [])
      .concat(ldirectord),
  }
}

function readHaCf(file: TextFile, files: NodeFiles) {
  const { us, facts } = files
  const { value, diagnostics } = parseHaCf(file.text, { file: file.path, us })
  const host = checkHost(value, { file: file.path, us: us ?? '' }, facts)
  const report = new Report(file.path)
  checkLinks(value, files, report)
  return { value, diagnostics: inFileOrder([...diagnostics, ...host.diagnostics, ...report.diagnostics()]) }
}

function readAuthkeys(file: TextFile & { readonly mode: number | null }) {
  const { value, diagnostics } = parseAuthkeys(file.text, { file: file.path })
  const mode = file.mode === null ? [] : checkMode(file.mode, file.path)
  return { value, diagnostics: [...mode, ...diagnostics] }
}

function readHaresources(file: TextFile, { scripts }: NodeFiles, haCf: HaCf | null) {
  const { value, diagnostics } = parseHaresources(file.text, { file: file.path, nodes: haCf?.node ?? null })
  const report = new Report(file.path)
  checkScripts(value, scripts, report)
  return { value, diagnostics: inFileOrder([...diagnostics, ...report.diagnostics()]) }
}

function readLdirectord(
  file: TextFile,
  haresources: Haresources | null,
  haresourcesPath: string,
): Diagnostic[] {
  const { diagnostics, serviceAddresses } = lintLdirectord(file.text, file.path)
  if (haresources === null) return [...diagnostics]
  const unreached = checkServices(file, serviceAddresses, haresources, haresourcesPath)
  const unstarted = checkStarted(file, haresources, haresourcesPath)
  return inFileOrder([...diagnostics, ...unreached, ...unstarted])
}
