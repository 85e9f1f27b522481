/** From a file on disk to a configuration, or to the lines that say why not, in the original's words. */
import type { LdirectordConfig } from '../config/model.js'

export type Loaded =
  | {
      readonly kind: 'loaded'
      readonly config: LdirectordConfig
      readonly warnings: readonly string[]
      /** The bytes that were parsed. */
      readonly text: Uint8Array
    }
  | {
      readonly kind: 'refused'
      readonly errors: readonly string[]
      /** null: the file could not be read. */
      readonly text: Uint8Array | null
    }

export async function loadConfig(_file: string): Promise<Loaded> {
  return { kind: 'refused', errors: ['pending'], text: null }
}
