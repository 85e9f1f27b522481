/**
 * From a file on disk to a configuration, or to the lines that say why not. The file is read whole and parsed into a
 * new value; nothing of the configuration in use is touched on the way.
 */
import { isUtf8 } from 'node:buffer'
import { readSmallFile } from '../../base/io/files.js'
import { render } from '../../syntax/diagnostic.js'
import { link, originalReport } from '../config/link.js'
import type { LdirectordConfig } from '../config/model.js'
import { parse } from '../config/parse.js'
import { CONFIG_BYTES_MAX } from './instance.js'
import { resolveQuestions } from './resolve.js'

/** Explanations of one file that are printed; ha-lint shows all. */
const EXPLAINED_MAX = 20

export type Loaded =
  | {
      readonly kind: 'loaded'
      readonly config: LdirectordConfig
      /** In the original's words. */
      readonly warnings: readonly string[]
      /** The bytes that were parsed. */
      readonly text: Uint8Array
    }
  | {
      readonly kind: 'refused'
      /** What the original prints: its warnings and its first error. */
      readonly errors: readonly string[]
      /** Every error with its place, a caret and what to write instead. */
      readonly explained: readonly string[]
      /** null: the file could not be read. */
      readonly text: Uint8Array | null
    }

export interface LoadOptions {
  /** For a file that names none. */
  readonly defaultLog: string
}

/** Never rejects: whatever the file or the machine does is one of the two outcomes. */
export async function loadConfig(file: string, { defaultLog }: LoadOptions): Promise<Loaded> {
  let text: Buffer
  try {
    text = readSmallFile(file, CONFIG_BYTES_MAX)
  } catch (error) {
    const reason = `Error [${process.pid}]: can not open file ${file}: ${(error as Error).message}`
    return { kind: 'refused', errors: [reason], explained: [], text: null }
  }
  const tree = parse(characters(text), file)
  const resolutions = await resolveQuestions(tree.questions, new AbortController().signal)
  const linked = link(tree, resolutions)
  const said = originalReport(linked, file, process.pid)
  if (linked.config === null) {
    const errors = linked.diagnostics.filter(diagnostic => diagnostic.severity === 'error')
    return {
      kind: 'refused',
      errors: said.length > 0 ? said : [`Error [${process.pid}]: ${file} is not valid`],
      explained: errors.slice(0, EXPLAINED_MAX).map(render),
      text,
    }
  }
  const namesLog = tree.entries.some(entry => entry.name === 'logfile')
  const config = namesLog ? linked.config : { ...linked.config, logfile: defaultLog }
  return { kind: 'loaded', config, warnings: said, text }
}

/**
 * The original knows bytes only. Here what is matched, sent and logged is encoded as UTF-8, so a file in UTF-8 must be
 * read as such to mean the same bytes; of any other file each byte is a character, which nothing in the grammar minds.
 */
function characters(text: Buffer): string {
  return text.toString(isUtf8(text) ? 'utf8' : 'latin1')
}
