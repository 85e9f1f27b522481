/**
 * Reads haresources: which node owns which resources, in the order in which they are started. Comments, `\`
 * continuation and `script::a::b` are cut as the original's ResourceManager does; line numbers survive continuation.
 */
import type { Diagnostic } from '../../syntax/diagnostic.js'
import type { Place } from './lines.js'
import { Report } from './report.js'

export interface Resource {
  /** Name of the script or built-in agent. */
  readonly script: string
  readonly args: readonly string[]
  /** As written; a bare address stays bare. */
  readonly text: string
  readonly place: Place
}

export interface ResourceGroup {
  /** Lower-cased owner. */
  readonly node: string
  readonly resources: readonly Resource[]
  /** The first resource as written: the group's name on the wire. Empty for a node without resources. */
  readonly key: string
  /** First line of the group. */
  readonly line: number
  /** Node and resources, blanks squeezed: how the group reads on one line. */
  readonly text: string
  readonly place: Place
}

export interface Haresources {
  readonly groups: readonly ResourceGroup[]
}

export interface HaresourcesReading {
  readonly value: Haresources
  readonly diagnostics: readonly Diagnostic[]
  readonly exitStatus: 0 | 6
}

export interface HaresourcesOptions {
  readonly file: string
  /** The nodes of ha.cf, lower-cased; null: unknown. */
  readonly nodes: readonly string[] | null
}

interface Piece {
  readonly text: string
  readonly place: Place
}

export function parseHaresources(text: string, options: HaresourcesOptions): HaresourcesReading {
  const report = new Report(options.file)
  const groups = joinedLines(text).map(joined => groupOf(joined, options, report))
  checkKeys(groups, options.file, report)
  const diagnostics = report.diagnostics()
  return { value: { groups }, diagnostics, exitStatus: report.exitStatus() }
}

/** The words of one group, over all lines that a trailing backslash joins. */
interface Joined {
  readonly pieces: Piece[]
  /** The backslash that ends a comment above: for the daemon it continues that line, for ResourceManager it does not. */
  readonly disputed: boolean
}

function joinedLines(text: string): Joined[] {
  const groups: Joined[] = []
  let pieces: Piece[] = []
  let [glued, disputed] = [false, false]
  for (const [index, raw] of text.split('\n').entries()) {
    const source = raw.replace(/\r$/, '')
    const hash = commentStart(source, pieces.length === 0)
    const said = hash < 0 ? source : source.slice(0, hash)
    // A comment does not continue, nor does a backslash with a blank behind it.
    const continues = said.endsWith('\\') && hash < 0
    const body = continues ? said.slice(0, -1) : said
    for (const match of body.matchAll(/\S+/g)) {
      const last = glued && match.index === 0 ? pieces.pop() : undefined
      const span = { line: index + 1, column: match.index + 1, length: match[0].length }
      pieces.push({ text: (last?.text ?? '') + match[0], place: last?.place ?? { span, source } })
    }
    // The backslash itself leaves no blank: a word may go on in the next line.
    glued = continues && pieces.length > 0 && /\S$/.test(body)
    if (continues) continue
    if (pieces.length > 0) groups.push({ pieces, disputed })
    disputed = pieces.length > 0 && hash >= 0 && source.endsWith('\\')
    pieces = []
  }
  return pieces.length > 0 ? [...groups, { pieces, disputed }] : groups
}

function groupOf(joined: Joined, options: HaresourcesOptions, report: Report): ResourceGroup {
  const [owner, ...rest] = joined.pieces as [Piece, ...Piece[]]
  const node = owner.text.toLowerCase()
  if (joined.disputed) disputedStart(owner, report)
  else checkNode(owner, node, options, report)
  for (const piece of rest) checkBackslash(piece, report)
  if (rest.length === 0) {
    report.warning(owner.place, {
      code: 'empty-group',
      message: `node ${node} wants at least one resource behind it; found none`,
      help: 'write for example "IPaddr2::10.0.0.50/24/eth0", or remove the line',
    })
  }
  return {
    node,
    resources: rest.map(resourceOf),
    key: rest[0]?.text ?? '',
    line: owner.place.span.line,
    text: [node, ...rest.map(piece => piece.text)].join(' '),
    place: owner.place,
  }
}

function resourceOf({ text, place }: Piece): Resource {
  const [script = '', ...args] = (isBareAddress(text) ? `IPaddr::${text}` : text).split('::')
  return { script, args, text, place }
}

/**
 * `10.0.0.50` or `10.0.0.50/24/eth0:0/10.0.0.255`: short for IPaddr::... The original asks no more than that the word
 * begins with a digit and has three dots before digits; what is wrong with the address, IPaddr says.
 */
export function isBareAddress(text: string): boolean {
  return /^\d/.test(text) && (text.match(/\.\d/g) ?? []).length >= 3
}

function checkNode(owner: Piece, node: string, options: HaresourcesOptions, report: Report): void {
  if (options.nodes === null || options.nodes.includes(node)) return
  report.error(owner.place, {
    code: 'unknown-node',
    message: `a line wants to begin with a node of ha.cf (${options.nodes.join(', ') || 'none'}); found "${owner.text}"`,
    original: `Bad nodename in ${options.file} [${owner.text}]`,
    help: 'name the node as ha.cf does; end the line before with "\\" if this line continues it',
  })
}

function disputedStart(owner: Piece, report: Report): void {
  report.warning(owner.place, {
    code: 'comment-continuation',
    message:
      'the comment above ends with "\\": the original takes this line for its continuation at start, but for a group later',
    help: 'remove the "\\" from the comment above',
  })
}

function checkBackslash(piece: Piece, report: Report): void {
  if (piece.text !== '\\') return
  report.warning(piece.place, {
    code: 'broken-continuation',
    message: 'a "\\" continues the line only as its very last character; found something behind it',
    help: 'remove what stands behind the "\\"',
  })
}

/** Groups are told apart by their first resource: two with the same one cannot be. */
function checkKeys(groups: readonly ResourceGroup[], file: string, report: Report): void {
  const firstOf = new Map<string, ResourceGroup>()
  for (const group of groups) {
    if (group.key === '') continue
    const first = firstOf.get(group.key)
    if (first === undefined) {
      firstOf.set(group.key, group)
      continue
    }
    report.warning(group.resources[0]!.place, {
      code: 'group-twice',
      message: `two groups begin with ${group.key} (first at ${file}:${first.line}), by which the nodes tell groups apart`,
      help: 'let each group begin with an address of its own',
    })
  }
}

/** A `#` that touches the node name is part of the name, as for the original's daemon; elsewhere it starts a comment. */
function commentStart(source: string, atOwner: boolean): number {
  const owner = atOwner ? (/^\s*[^\s#]\S*/.exec(source)?.[0].length ?? 0) : 0
  return source.indexOf('#', owner)
}
