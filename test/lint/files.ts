/** Builds what the pure part of ha-lint looks at from texts or from the samples in test/seeds. */
import { existsSync, readFileSync } from 'node:fs'
import type { NodeFiles, TextFile } from '../../src/lint/files.js'

export function nodeFiles(texts: Readonly<Record<string, string>>, more: Partial<NodeFiles> = {}): NodeFiles {
  const file = (name: string): TextFile | null =>
    texts[name] === undefined ? null : { path: name, text: texts[name] }
  const authkeys = file('authkeys')
  const ldirectord = file('ldirectord.cf')
  return {
    haCf: file('ha.cf'),
    authkeys: authkeys === null ? null : { ...authkeys, mode: 0o600 },
    haresources: file('haresources'),
    ldirectord: ldirectord === null ? [] : [ldirectord],
    scripts: null,
    us: null,
    facts: {},
    ownAddresses: null,
    ...more,
  }
}

const NAMES = ['ha.cf', 'authkeys', 'haresources', 'ldirectord.cf']

export function seedFiles(folder: string): NodeFiles {
  const present = NAMES.filter(name => existsSync(`test/seeds/${folder}/${name}`))
  return nodeFiles(
    Object.fromEntries(present.map(name => [name, readFileSync(`test/seeds/${folder}/${name}`, 'utf8')])),
  )
}
