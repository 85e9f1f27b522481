/** The command ha-lint: loads, lints, mends, prints. The rules are in the pure files beside this folder. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathsFrom } from '../../base/paths.js'
import { isSecret, shown } from '../../ldirectord/config/source.js'
import { type Diagnostic, render } from '../../syntax/diagnostic.js'
import { type Arguments, parseArguments, USAGE } from '../arguments.js'
import { lintDirectory } from '../directory.js'
import type { NodeFiles, TextFile } from '../files.js'
import { lintLive } from '../live/live.js'
import { mended, unifiedDiff } from '../mend.js'
import { lintPair } from '../peer.js'
import { type Loaded, loadDirectory, loadFiles } from './load.js'
import { thisMachine } from './machine.js'
import { protectAuthkeys, writeMended } from './write.js'

export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** 0 no errors, 1 errors (with --strict also warnings), 2 usage. */
export type ExitStatus = 0 | 1 | 2

export function run(argv: readonly string[], io: CommandIo): ExitStatus {
  const parsed = parseArguments(argv)
  if ('problem' in parsed) return usage(parsed.problem, io)
  if (parsed.help) {
    io.out(USAGE)
    return 0
  }
  const ours = load(parsed, io)
  if ('problem' in ours) return usage(ours.problem, io)
  if (parsed.peer !== null && !isDirectory(parsed.peer)) {
    return usage(`--peer wants a directory; found ${parsed.peer}`, io)
  }
  const theirs = parsed.peer === null ? null : loadDirectory(parsed.peer, false)
  const findings = lint(ours, theirs, parsed)
  const changes = parsed.fix ? mend(ours.files, findings) : []
  const left = changes.length === 0 ? findings : lint(load(parsed, io) as Loaded, theirs, parsed)
  print(left, changes, parsed, io)
  return statusOf(left, changes, parsed.strict)
}

function usage(problem: string, io: CommandIo): 2 {
  io.err(`ha-lint: ${problem}\n${USAGE.split('\n', 1)[0]}\n`)
  return 2
}

function load({ paths, node }: Arguments, io: CommandIo): Loaded | { readonly problem: string } {
  const home = pathsFrom(io.env).haDir
  const [first = home] = paths
  const named = (loaded: Loaded): Loaded =>
    node === null ? loaded : { ...loaded, files: { ...loaded.files, us: node } }
  if (paths.length <= 1 && isDirectory(first))
    return named(loadDirectory(first, resolve(first) === resolve(home)))
  if (paths.length === 0) return { problem: `${home} is not a directory: name the files or their directory` }
  const directory = paths.find(isDirectory)
  if (directory !== undefined)
    return { problem: `name either one directory or files; found ${directory} among others` }
  const loaded = loadFiles(paths)
  if (!('unknown' in loaded)) return named(loaded)
  if (statSync(loaded.unknown, { throwIfNoEntry: false }) === undefined)
    return { problem: `${loaded.unknown} does not exist` }
  return { problem: `${loaded.unknown} is none of ha.cf, authkeys, haresources, ldirectord.cf by its name` }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false // missing or out of reach: it is not a directory for us
  }
}

function lint(ours: Loaded, theirs: Loaded | null, { live }: Arguments): Diagnostic[] {
  const pair = theirs === null ? null : lintPair(ours.files, theirs.files)
  const us = pair?.us ?? lintDirectory(ours.files)
  const machine = live ? thisMachine() : null
  const here =
    machine === null ? [] : ours.files.ldirectord.flatMap(file => lintLive(file, us.haresources, machine))
  const found = [...ours.diagnostics, ...us.diagnostics, ...here]
  if (theirs === null || pair === null) return found
  return [...found, ...theirs.diagnostics, ...pair.peer.diagnostics, ...pair.between]
}

/** What --fix did to one file, or why it could not. */
interface Change {
  readonly path: string
  readonly diff: string
  readonly failed: string | null
}

/** Only our own files: the peer's are the peer's. */
function mend(files: NodeFiles, findings: readonly Diagnostic[]): Change[] {
  const changes: Change[] = []
  const texts: (TextFile | null)[] = [files.haCf, files.haresources, ...files.ldirectord]
  for (const file of texts.filter(file => file !== null)) {
    const own = findings.filter(finding => finding.file === file.path)
    const text = mended(file.text, own)
    if (text === null) continue
    const diff = unifiedDiff(file.path, file.text, text, line => (isSecret(line) ? shown(line) : line))
    changes.push({ path: file.path, diff, failed: writeMended(file.path, text) })
  }
  const authkeys = files.authkeys?.path
  if (
    authkeys !== undefined &&
    findings.some(({ code, file }) => code === 'authkeys-mode' && file === authkeys)
  ) {
    const before = files.authkeys!.mode!.toString(8).padStart(3, '0')
    const diff = `--- ${authkeys}\n+++ ${authkeys}\nold mode ${before}\nnew mode 600`
    changes.push({ path: authkeys, diff, failed: protectAuthkeys(authkeys) })
  }
  return changes
}

function count(findings: readonly Diagnostic[], severity: Diagnostic['severity']): number {
  return findings.filter(finding => finding.severity === severity).length
}

function statusOf(findings: readonly Diagnostic[], changes: readonly Change[], strict: boolean): ExitStatus {
  const failed = changes.some(change => change.failed !== null)
  const bad = count(findings, 'error') + (strict ? count(findings, 'warning') : 0)
  return failed || bad > 0 ? 1 : 0
}

function print(
  findings: readonly Diagnostic[],
  changes: readonly Change[],
  options: Arguments,
  io: CommandIo,
): void {
  for (const { failed } of changes) if (failed !== null) io.err(`ha-lint: ${failed}\n`)
  const totals = { errors: count(findings, 'error'), warnings: count(findings, 'warning') }
  if (options.json) {
    io.out(`${JSON.stringify({ ...totals, diagnostics: findings, changes }, null, 2)}\n`)
    return
  }
  for (const { diff, failed } of changes) if (failed === null) io.out(`${printable(diff)}\n`)
  for (const finding of findings) io.out(`${printable(render(finding))}\n`)
  io.out(`${plural(totals.errors, 'error')}, ${plural(totals.warnings, 'warning')}\n`)
}

/** Foreign text must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '?')
}

function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
