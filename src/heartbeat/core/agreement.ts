/**
 * Whether the nodes read the same files: each tells its fingerprints (digests of haresources and of the list of nodes,
 * the times) in its `systole` messages, and says what differs, once per difference. A real peer takes no notice.
 */
import * as lines from '../log-lines.js'
import type { Chronicle } from './chronicle.js'
import type { Difference, Fingerprint, NodeName } from './contract.js'

const FINGERPRINTS_MAX = 16
const NODES_MAX = 16

export class Agreement {
  ours: readonly Fingerprint[]
  readonly #us: NodeName
  readonly #chronicle: Chronicle
  /** What each node told last. */
  readonly #theirs = new Map<NodeName, readonly Fingerprint[]>()
  readonly #said = new Map<NodeName, string>()

  constructor(us: NodeName, ours: readonly Fingerprint[], chronicle: Chronicle) {
    this.#us = us
    this.ours = ours
    this.#chronicle = chronicle
  }

  /** `keepalive:1000 haresources:1f2e3d4c`, as it goes into a message. */
  get words(): string {
    return this.ours.map(({ name, value }) => `${name}:${value}`).join(' ')
  }

  heard(node: NodeName, words: string): void {
    if (!this.#theirs.has(node) && this.#theirs.size >= NODES_MAX) return
    const found = words.split(' ', FINGERPRINTS_MAX).map(word => /^([a-z_]{1,32}):(\w{1,64})$/.exec(word))
    this.#theirs.set(
      node,
      found.flatMap(match => (match === null ? [] : [{ name: match[1]!, value: match[2]! }])),
    )
    this.#compare(node)
  }

  /** Our own files have changed. */
  change(ours: readonly Fingerprint[]): void {
    this.ours = ours
    for (const node of this.#theirs.keys()) this.#compare(node)
  }

  get differences(): Difference[] {
    return [...this.#theirs.keys()].flatMap(node => this.#differencesFrom(node))
  }

  #differencesFrom(node: NodeName): Difference[] {
    const theirs = new Map(this.#theirs.get(node)?.map(({ name, value }) => [name, value]))
    return this.ours.flatMap(({ name, value }) => {
      const other = theirs.get(name)
      return other === undefined || other === value ? [] : [{ node, name, here: value, there: other }]
    })
  }

  #compare(node: NodeName): void {
    const differences = this.#differencesFrom(node)
    const mark = differences.map(({ name, here, there }) => `${name} ${here} ${there}`).join(' ')
    const before = this.#said.get(node) ?? ''
    if (mark === before) return
    this.#said.set(node, mark)
    if (mark === '') {
      this.#chronicle.log(lines.filesAgree(this.#us, node))
      this.#chronicle.decide(node, 'has the same files again', 'its digests say so')
    }
    for (const difference of differences) {
      const { name, here, there } = difference
      this.#chronicle.log(lines.filesDiffer(this.#us, difference))
      this.#chronicle.decide(node, `has another ${name}`, `${here} here, ${there} there`)
    }
  }
}
