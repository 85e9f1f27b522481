/** Reads the files that ha-lint looks at. Whatever is wrong with a file becomes one sentence about it. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readSmallFile } from '../../base/io/files.js'
import type { Diagnostic } from '../../syntax/diagnostic.js'
import type { NodeFiles, TextFile } from '../files.js'
import { hostFacts, isExecutable, ownAddresses, ownName } from './host.js'

/** Larger configuration is not read: real files have a few KiB. */
const CONFIG_BYTES_MAX = 1024 * 1024
const DIRECTORY_ENTRIES_MAX = 10_000

export interface Loaded {
  readonly files: NodeFiles
  readonly diagnostics: readonly Diagnostic[]
}

/** What the original says when a file is not there. */
const MISSING: Record<string, (path: string) => string> = {
  'ha.cf': path => `Cannot open config file [${path}]`,
  authkeys: path => `Cannot open keyfile [${path}].  Stop.`,
  haresources: path => `Cannot open resources file [${path}]`,
}

/** `local`: the directory is the one that this machine's heartbeat uses. */
export function loadDirectory(directory: string, local: boolean): Loaded {
  const loader = new Loader()
  const path = (name: string): string => join(directory, name)
  const exists = (name: string): boolean => statSync(path(name), { throwIfNoEntry: false }) !== undefined
  // A director without heartbeat has ldirectord.cf alone.
  const alone = exists('ldirectord.cf') && !['ha.cf', 'authkeys', 'haresources'].some(exists)
  const haCf = alone ? null : loader.text(path('ha.cf'))
  const authkeys = alone ? null : loader.text(path('authkeys'), 'latin1')
  const haresources = alone ? null : loader.text(path('haresources'))
  const named = ldirectordFiles(haresources?.text ?? '')
  const ldirectord = ['ldirectord.cf', ...named]
    .filter(
      (name, index, all) => all.indexOf(name) === index && statSync(path(name), { throwIfNoEntry: false }),
    )
    .map(name => loader.text(path(name)))
  const nodeinfo = statSync(path('nodeinfo'), { throwIfNoEntry: false })
    ? loader.text(path('nodeinfo'))
    : null
  const name = nodeinfo?.text.split('\n', 1)[0]?.trim().toLowerCase()
  return {
    files: {
      haCf,
      authkeys: authkeys === null ? null : { ...authkeys, mode: modeOf(authkeys.path) },
      haresources,
      ldirectord: ldirectord.filter(file => file !== null),
      scripts: scriptsOf(directory, local),
      us: name || (local ? ownName() : null),
      facts: local ? hostFacts : {},
      ownAddresses: local ? ownAddresses() : null,
    },
    diagnostics: loader.diagnostics,
  }
}

/** Single files, told apart by their names. Null: a name that tells nothing. */
export function loadFiles(paths: readonly string[]): Loaded | { readonly unknown: string } {
  const loader = new Loader()
  const kinds = paths.map(path => ({ path, kind: kindOf(basename(path)) }))
  const unknown = kinds.find(({ kind }) => kind === null)
  if (unknown !== undefined) return { unknown: unknown.path }
  const first = (wanted: string, encoding: BufferEncoding = 'utf8'): TextFile | null => {
    const found = kinds.find(({ kind }) => kind === wanted)
    return found === undefined ? null : loader.text(found.path, encoding)
  }
  const authkeys = first('authkeys', 'latin1')
  const ldirectord = kinds.filter(({ kind }) => kind === 'ldirectord.cf').map(({ path }) => loader.text(path))
  return {
    files: {
      haCf: first('ha.cf'),
      authkeys: authkeys === null ? null : { ...authkeys, mode: modeOf(authkeys.path) },
      haresources: first('haresources'),
      ldirectord: ldirectord.filter(file => file !== null),
      scripts: null,
      us: null,
      facts: {},
      ownAddresses: null,
    },
    diagnostics: loader.diagnostics,
  }
}

function kindOf(name: string): string | null {
  const start = ['ha.cf', 'authkeys', 'haresources', 'ldirectord.cf'].find(known => name.startsWith(known))
  return start ?? (name.endsWith('.cf') ? 'ldirectord.cf' : null)
}

/** Files that haresources hands to ldirectord, as far as they lie beside it. */
function ldirectordFiles(haresources: string): string[] {
  const names = [...haresources.matchAll(/\sldirectord::([\w.-]{1,100})/g)].map(match => match[1]!)
  return names.slice(0, 64)
}

function scriptsOf(directory: string, local: boolean): string[] | null {
  const resourceD = executablesIn(join(directory, 'resource.d'))
  if (resourceD === null) return null
  return [...resourceD, ...(local ? (executablesIn('/etc/init.d') ?? []) : [])]
}

function executablesIn(folder: string): string[] | null {
  try {
    const names = readdirSync(folder).slice(0, DIRECTORY_ENTRIES_MAX)
    return names.filter(name => isExecutable(join(folder, name)))
  } catch {
    return null // no such folder: then nothing is known about scripts
  }
}

const modeOf = (path: string): number => statSync(path).mode & 0o7777

class Loader {
  readonly diagnostics: Diagnostic[] = []

  /** null, and a diagnostic, when the file cannot be read as text. */
  text(path: string, encoding: BufferEncoding = 'utf8'): TextFile | null {
    try {
      const bytes = readSmallFile(path, CONFIG_BYTES_MAX)
      if (!bytes.includes(0)) return { path, text: bytes.toString(encoding) }
      return this.#refuse(path, 'binary-file', `${path} holds a NUL byte, so it is no text`)
    } catch (error) {
      return this.#unreadable(path, (error as NodeJS.ErrnoException).code ?? 'unknown error')
    }
  }

  #unreadable(path: string, code: string): null {
    if (code === 'ENOENT') {
      const original = MISSING[basename(path)]?.(path)
      return this.#refuse(path, 'missing-file', `${path} does not exist`, original)
    }
    const reasons: Record<string, string> = {
      EACCES: 'may not be read by this user',
      EISDIR: 'is a directory, not a file',
      ENOTREG: 'is not a regular file',
      EFBIG: `is larger than ${CONFIG_BYTES_MAX} bytes, too large for a configuration file`,
    }
    return this.#refuse(path, 'unreadable-file', `${path} ${reasons[code] ?? `cannot be read (${code})`}`)
  }

  #refuse(file: string, code: string, message: string, original?: string): null {
    const said = original === undefined ? {} : { original }
    this.diagnostics.push({ file, span: null, severity: 'error', code, message, ...said })
    return null
  }
}
