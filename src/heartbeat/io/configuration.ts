/**
 * ha.cf, authkeys and haresources as one judged whole: either a configuration that a daemon can start with, or what
 * is wrong, in our words and in the original's, with the original's exit code. Nothing is opened or written here.
 */
import { statSync } from 'node:fs'
import { readSmallFile } from '../../base/io/files.js'
import { type Diagnostic, render } from '../../syntax/diagnostic.js'
import { checkMode, parseAuthkeys } from '../config/authkeys.js'
import { parseHaCf } from '../config/ha-cf.js'
import type { HaCf } from '../config/ha-cf-table.js'
import { parseHaresources } from '../config/haresources.js'
import { checkHost, type HostFacts } from '../config/host.js'
import { readInterfaces } from '../links/interfaces.js'
import type { ResourceGroup } from '../resources/plan/resource.js'
import { type KeyRing, keyRing } from '../wire/signature.js'
import { readAccounts } from './accounts.js'
import { isExecutable } from './child-facts.js'
import { HARESOURCES_BYTES_MAX, plainGroups } from './haresources-file.js'

/** Also what a running daemon reads again: a broken file of this size costs some 20 ms, and no heartbeat. */
const FILE_BYTES_MAX = 131_072

export const EXIT = { ok: 0, media: 1, rights: 4, configuration: 6 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface Configuration {
  readonly us: string
  readonly haCf: HaCf
  readonly keys: KeyRing
  readonly groups: readonly ResourceGroup[]
  /** Warnings of all three files. */
  readonly diagnostics: readonly Diagnostic[]
  /** The texts that were read, to see later whether a file has changed. */
  readonly texts: { readonly haCf: string; readonly authkeys: string; readonly haresources: string }
  /** When ha.cf was written last: who touches it wants a restart. */
  readonly haCfChangedMs: number
}

export interface Refused {
  readonly exitCode: ExitCode
  /** What is wrong, with place and help: for people. */
  readonly reports: readonly string[]
  /** The lines that the original writes for the same faults. */
  readonly original: readonly string[]
}

export const isRefused = (value: Configuration | Refused): value is Refused => 'exitCode' in value

export interface LoadOptions {
  readonly haDir: string
  readonly us: string
  /** `heartbeat -M`: haresources is not needed. */
  readonly managesResources: boolean
}

export async function loadConfiguration(options: LoadOptions): Promise<Configuration | Refused> {
  const { haDir, us } = options
  const files = {
    haCf: `${haDir}/ha.cf`,
    authkeys: `${haDir}/authkeys`,
    haresources: `${haDir}/haresources`,
  }
  const haCfText = readText(files.haCf, FILE_BYTES_MAX)
  if ('problem' in haCfText) {
    return refuse(haCfText, [
      `Cannot open config file [${haDir}//ha.cf]`,
      ...['Heartbeat not started: configuration error.', 'Configuration error, heartbeat not started.'],
    ])
  }
  const read = parseHaCf(haCfText.text, { file: files.haCf, us })
  const host = checkHost(read.value, { file: files.haCf, us }, await hostFacts())
  const keys = readKeys(files.authkeys)
  const groups = options.managesResources
    ? readGroups(files.haresources, read.value.node)
    : { groups: [], diagnostics: [], text: '' }
  const diagnostics = [...read.diagnostics, ...host.diagnostics, ...keys.diagnostics, ...groups.diagnostics]
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length > 0 || keys.ring === null || keys.rights || groups.rights === true) {
    const rights = keys.rights || groups.rights === true
    const onlyMedia = errors.length > 0 && errors.every(error => host.diagnostics.includes(error))
    const exitCode = rights
      ? EXIT.rights
      : onlyMedia && host.exitStatus === 1
        ? EXIT.media
        : EXIT.configuration
    return { exitCode, reports: errors.map(render), original: originalLines(errors) }
  }
  return {
    us,
    haCf: read.value,
    keys: keys.ring,
    groups: groups.groups,
    diagnostics,
    haCfChangedMs: haCfText.changedMs,
    texts: { haCf: haCfText.text, authkeys: keys.text, haresources: groups.text },
  }
}

function originalLines(errors: readonly Diagnostic[]): string[] {
  return [
    ...errors.flatMap(({ original }) => (original === undefined ? [] : [original])),
    'Heartbeat not started: configuration error.',
    'Configuration error, heartbeat not started.',
  ]
}

interface Unreadable {
  readonly problem: string
  /** The rights to read it are missing. */
  readonly rights: boolean
}

function readText(
  path: string,
  bytesMax: number,
): { readonly text: string; readonly changedMs: number } | Unreadable {
  try {
    // Before it is read: an edit in between is noticed the next time.
    const changedMs = statSync(path).mtimeMs
    return { text: readSmallFile(path, bytesMax).toString('latin1'), changedMs }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const rights = code === 'EACCES' || code === 'EPERM'
    if (code === 'ENOENT')
      return { problem: `${path} does not exist: write it first (etc-ha.d holds a sample)`, rights }
    // What readSmallFile says itself names the path.
    if (code === 'ENOTREG' || code === 'EFBIG') return { problem: message, rights }
    const help = rights ? ': run heartbeat as root, or as the user that owns the file' : ''
    return { problem: `${path} cannot be read (${code ?? message})${help}`, rights }
  }
}

function refuse(unreadable: Unreadable, original: readonly string[]): Refused {
  const exitCode = unreadable.rights ? EXIT.rights : EXIT.configuration
  return { exitCode, reports: [unreadable.problem], original }
}

const fileError = (file: string, { problem }: Unreadable, original: string): Diagnostic => ({
  ...{ file, span: null, severity: 'error', code: 'unreadable-file', message: problem, original },
})

export interface KeysReading {
  readonly ring: KeyRing | null
  readonly diagnostics: readonly Diagnostic[]
  readonly rights: boolean
  readonly text: string
}

/** Also what SIGHUP reads again. */
export function readKeys(path: string): KeysReading {
  const read = readText(path, FILE_BYTES_MAX)
  if ('problem' in read) {
    const original = `Cannot open keyfile [${path}].  Stop.`
    return { ring: null, diagnostics: [fileError(path, read, original)], rights: read.rights, text: '' }
  }
  const { value, diagnostics } = parseAuthkeys(read.text, { file: path })
  // Gone since it was read: what was read is judged.
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  const modes = mode === undefined ? [] : checkMode(mode, path)
  const all = [...modes, ...diagnostics]
  const isWrong = all.some(({ severity }) => severity === 'error')
  const ring = isWrong ? null : keyRing(value.signWith, value.keys.values())
  return { ring, diagnostics: all, rights: false, text: read.text }
}

function readGroups(
  path: string,
  nodes: readonly string[],
): { groups: readonly ResourceGroup[]; diagnostics: readonly Diagnostic[]; text: string; rights?: boolean } {
  const read = readText(path, HARESOURCES_BYTES_MAX)
  if ('problem' in read) {
    const error = fileError(path, read, `Cannot open resources file [${path}]`)
    return { groups: [], diagnostics: [error], text: '', rights: read.rights }
  }
  const { value, diagnostics } = parseHaresources(read.text, { file: path, nodes })
  return { groups: plainGroups(value.groups), diagnostics, text: read.text }
}

async function hostFacts(): Promise<HostFacts> {
  const interfaces = new Set((await readInterfaces()).map(({ name }) => name))
  const { users, groups } = readAccounts()
  return {
    hasInterface: name => interfaces.has(name),
    hasUser: name => users.has(name),
    hasGroup: name => groups.has(name),
    isExecutable,
  }
}
