/** The command line of ha-deploy: one row a command, with what it takes. */

export type CommandName = keyof typeof COMMAND_ROWS

interface CommandRow {
  readonly takes: string
  readonly does: string
  /** What stands behind the command besides options. */
  readonly words: 'none' | 'hosts' | 'host' | 'release'
  readonly options: readonly (keyof typeof OPTION_ROWS)[]
}

const OPTION_ROWS = {
  '--release': 'ID',
  '--label': 'TEXT',
  '--from': 'DIR|TAR.GZ',
  '--only': 'HOST,...',
  '--to': 'ID',
  '--fast': null,
  '--yes': null,
  '--adopt': null,
  '--wait': null,
  '--reason': 'TEXT',
  '--for': 'TIME',
  '--watch': null,
  '--force': null,
  '--message': 'TEXT',
} as const

export const COMMAND_ROWS = {
  check: { takes: '', does: 'look at everything a run needs; change nothing', words: 'none', options: [] },
  plan: {
    takes: '[RELEASE]',
    does: 'print what a run would do; change nothing',
    words: 'release',
    options: ['--only', '--from'],
  },
  run: {
    takes: '[--release ID] [--label TEXT] [--from DIR|TAR.GZ] [--only HOST,...] [--adopt] [--yes]',
    does: 'release, host after host; on a terminal the plan is shown first, unless --yes',
    words: 'none',
    options: ['--release', '--label', '--from', '--only', '--yes', '--adopt'],
  },
  publish: {
    takes: '[--from DIR|TAR.GZ] [HOST...]',
    does: 'upload and prepare only',
    words: 'hosts',
    options: ['--label', '--from', '--only', '--adopt'],
  },
  rollback: {
    takes: '[--to ID] [--fast] [HOST...]',
    does: 'go back to the last good release; --fast: all hosts at once, no drain',
    words: 'hosts',
    options: ['--to', '--fast'],
  },
  resume: { takes: '', does: 'go on with a run that was interrupted', words: 'none', options: [] },
  abort: {
    takes: '',
    does: 'give it up: hosts that are not verified get their old release back',
    words: 'none',
    options: [],
  },
  drain: {
    takes: 'HOST [--wait] [--reason TEXT] [--for TIME]',
    does: 'weight 0 by hand; --for: until so long from now (90, 30m, 2h, 1d)',
    words: 'host',
    options: ['--wait', '--reason', '--for'],
  },
  undrain: { takes: 'HOST', does: 'give the weight back', words: 'host', options: [] },
  status: {
    takes: '[--watch]',
    does: 'each host: release, weight, connections, step; --watch: again and again',
    words: 'none',
    options: ['--watch'],
  },
  releases: { takes: '[HOST...]', does: 'the releases on each host', words: 'hosts', options: [] },
  prune: { takes: '[HOST...]', does: 'remove old releases beyond keep', words: 'hosts', options: [] },
  lock: { takes: '[--message TEXT]', does: 'let nobody release', words: 'none', options: ['--message'] },
  unlock: { takes: '[--force]', does: 'take the lock away', words: 'none', options: ['--force'] },
  history: { takes: '', does: 'the runs from this machine', words: 'none', options: [] },
} as const satisfies Record<string, CommandRow>

export interface Call {
  readonly command: CommandName
  /** null: the usual place. */
  readonly file: string | null
  readonly dryRun: boolean
  readonly json: boolean
  readonly verbose: boolean
  readonly hosts: readonly string[]
  readonly release: string | null
  readonly label: string | null
  readonly from: string | null
  readonly to: string | null
  readonly fast: boolean
  readonly adopt: boolean
  /** Nobody is asked. */
  readonly yes: boolean
  readonly wait: boolean
  readonly force: boolean
  readonly reason: string
  /** How long a drain by hand lasts; null: until undrain. */
  readonly seconds: number | null
  readonly watch: boolean
  readonly message: string
}

export const USAGE = `Usage: ha-deploy [-c FILE] [-n] [--json] [-v] COMMAND

${Object.entries(COMMAND_ROWS)
  .map(([name, { takes, does }]) => `  ${`${name} ${takes}`.trimEnd()}\n      ${does}`)
  .join('\n')}

  -c FILE   configuration; default /etc/ha.d/deploy.cf
  -n        say what would be done and change nothing
  --json    one JSON object a line
  -v        say also what begins

Exit status: 0 done, 1 internal fault, 2 usage or configuration, 3 locked, 4 failed before the switch, 5 failed and
rolled back, 6 a host is held at weight 0, 7 hosts have different releases, 8 an unfinished run was found, 9 capacity,
130 interrupted
`

export type Parsed = Call | { readonly problem: string } | { readonly help: true }

export function parseArguments(argv: readonly string[]): Parsed {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const words: string[] = []
  let file: string | null = null
  for (let index = 0; index < argv.length; index++) {
    const [word = '', joined] = splitOption(argv[index]!)
    if (word === '-h' || word === '--help') return { help: true }
    if (!word.startsWith('-')) words.push(argv[index]!)
    else if (word === '-n' || word === '--json' || word === '-v') flags.add(word)
    else if (word === '-c') {
      file = argv[++index] ?? ''
      if (file === '') return { problem: '-c wants a file' }
    } else if (!(word in OPTION_ROWS)) return { problem: `unknown option ${word}` }
    else if (OPTION_ROWS[word as keyof typeof OPTION_ROWS] === null) flags.add(word)
    else {
      const value = joined ?? argv[++index]
      if (value === undefined || value === '')
        return { problem: `${word} wants ${OPTION_ROWS[word as keyof typeof OPTION_ROWS]}` }
      values.set(word, value)
    }
  }
  const [name, ...rest] = words
  if (name === undefined) return { problem: 'a command is missing' }
  if (!Object.hasOwn(COMMAND_ROWS, name)) return { problem: `unknown command ${name}` }
  const command = name as CommandName
  const row: CommandRow = COMMAND_ROWS[command]
  const foreign = [...flags, ...values.keys()].find(
    option =>
      option.startsWith('--') && option !== '--json' && !(row.options as readonly string[]).includes(option),
  )
  if (foreign !== undefined) return { problem: `${command} has no option ${foreign}` }
  if (row.words === 'none' && rest.length > 0) return { problem: `${command} takes no ${rest[0]}` }
  if (row.words === 'host' && rest.length !== 1) return { problem: `${command} wants one host` }
  if (row.words === 'release' && rest.length > 1) return { problem: `${command} takes one release` }
  const lasting = values.get('--for')
  const seconds = lasting === undefined ? null : secondsOf(lasting)
  if (lasting !== undefined && seconds === null)
    return { problem: `--for wants a time such as 90, 30m, 2h or 1d; found "${lasting}"` }
  const only = values.get('--only')?.split(',') ?? []
  return {
    command,
    file,
    dryRun: flags.has('-n'),
    json: flags.has('--json'),
    verbose: flags.has('-v'),
    hosts: row.words === 'release' ? only : [...rest, ...only],
    release: values.get('--release') ?? (row.words === 'release' ? (rest[0] ?? null) : null),
    label: values.get('--label') ?? null,
    from: values.get('--from') ?? null,
    to: values.get('--to') ?? null,
    fast: flags.has('--fast'),
    adopt: flags.has('--adopt'),
    yes: flags.has('--yes'),
    wait: flags.has('--wait'),
    force: flags.has('--force'),
    reason: values.get('--reason') ?? '',
    seconds,
    watch: flags.has('--watch'),
    message: values.get('--message') ?? '',
  }
}

function splitOption(word: string): [string, string | undefined] {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)]
}

const SECONDS_OF: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 }

function secondsOf(text: string): number | null {
  const [, number, unit] = /^(\d{1,6})([smhd]?)$/.exec(text) ?? []
  const seconds = Number(number) * SECONDS_OF[unit ?? '']!
  return seconds > 0 ? seconds : null
}
