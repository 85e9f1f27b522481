/** The command line of ha-lint, read without acting. */

export interface Arguments {
  /** Files or one directory; empty: the directory of this machine. */
  readonly paths: readonly string[]
  readonly peer: string | null
  readonly node: string | null
  readonly fix: boolean
  /** Compare with this machine. */
  readonly live: boolean
  readonly json: boolean
  readonly strict: boolean
  readonly help: boolean
}

export const USAGE = `usage: ha-lint [FILES|DIR] [--peer DIR] [--node NAME] [--live] [--fix] [--json] [--strict]

Checks ha.cf, authkeys, haresources and ldirectord.cf: each by itself, against each other, and with --peer
against the files of the other node. DIR is /etc/ha.d (or $HA_DIR) unless given. Keys are never shown.

  --peer DIR   the other node's directory
  --node NAME  the name of the node whose files these are (default: DIR/nodeinfo, or this machine's name for
               its own directory)
  --live       compare ldirectord.cf with this machine too: forwarding, addresses, ARP, modules, programs;
               a host whose address a real= line names is judged as a real server; needs no root
  --fix        mend what can be mended without asking, and show it as a diff; the mode of authkeys becomes 600
  --json       print the findings as data
  --strict     warnings fail, too
  --help       this text

Files larger than 1 MiB are not read.
Exit status: 0 no errors (warnings allowed), 1 errors (with --strict also warnings), 2 usage.
`

const FLAGS = ['--live', '--fix', '--json', '--strict', '--help'] as const

export function parseArguments(argv: readonly string[]): Arguments | { readonly problem: string } {
  const paths: string[] = []
  const named: Record<'--peer' | '--node', string | null> = { '--peer': null, '--node': null }
  const flags = new Set<string>()
  let onlyPaths = false
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!
    const [name, inline] = word.startsWith('--') ? splitAt(word, '=') : [word, null]
    if (onlyPaths || !word.startsWith('-')) paths.push(word)
    else if (word === '--') onlyPaths = true
    else if (word === '-h') flags.add('--help')
    else if (name === '--peer' || name === '--node') {
      const value = inline ?? argv[++at]
      if (value === undefined || value === '') return { problem: `${name} wants a value; found none` }
      named[name] = value
    } else if ((FLAGS as readonly string[]).includes(word)) flags.add(word)
    else return { problem: `unknown option ${word}` }
  }
  return {
    paths,
    peer: named['--peer'],
    node: named['--node']?.toLowerCase() ?? null,
    live: flags.has('--live'),
    fix: flags.has('--fix'),
    json: flags.has('--json'),
    strict: flags.has('--strict'),
    help: flags.has('--help'),
  }
}

function splitAt(word: string, mark: string): [string, string | null] {
  const at = word.indexOf(mark)
  return at === -1 ? [word, null] : [word.slice(0, at), word.slice(at + 1)]
}
