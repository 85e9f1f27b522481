/**
 * Log lines without what differs from run to run, and the lines of heartbeat 3.0.6 that our node does not say in the
 * same situation, each with its reason. Every other line that was recorded must be in our log, word for word.
 */
const DAEMON = /^\w{3} +\d+ [\d:]{8} \S+ (\S+): \[\d+\]: (\w+): (.*)$/
const SCRIPT = /^\d{4}\/\d\d\/\d\d_[\d:]{8}\s+([^\s[]+)\[\d+\]:\s*(\w+):\s*(.*)$/
/** As /dev/log gets it: `heartbeat: [27]: WARN: node alpha: is dead`. */
const SYSLOG = /^(heartbeat): \[\d+\]: (\w+): (.*)$/

/** `heartbeat WARN: node alpha: is dead`; numbers as N. Undefined for a line without program and level. */
export function plain(line: string): string | undefined {
  const [, program, level, text] = DAEMON.exec(line) ?? SCRIPT.exec(line) ?? SYSLOG.exec(line) ?? []
  return program === undefined ? undefined : `${numberless(program)} ${level}: ${numberless(text!)}`.trim()
}

const numberless = (text: string): string =>
  text
    .replace(/0x[0-9a-f]+/g, 'N')
    .replace(/\d+/g, 'N')
    .replaceAll('//', '/') // the original joins /etc/ha.d/ and /rc.d in some places, and not in others
    .trim()

/** The different lines of a log, in the order in which they came first. */
export function said(log: string): string[] {
  return [...new Set(log.split('\n').flatMap(line => plain(line) ?? []))]
}

/** What nobody wants to find in the log of a node. */
export const isComplaint = (line: string): boolean =>
  / (ERROR|CRIT): |lost packet|flow control|hist queue/.test(line)

interface Omission {
  readonly line: RegExp
  /** In these steps only; everywhere where it is not given. */
  readonly step?: RegExp
  readonly why: string
}

export const OMITTED: readonly Omission[] = [
  {
    line: /WARN: (Core dumps could|Consider setting)/,
    why: 'advice about core dumps, which Node does not write',
  },
  { line: /Logging daemon is disabled/, why: 'ha_logd is not needed: no line makes our daemon wait' },
  { line: /info: heartbeat: version N/, why: 'ours goes on behind it with its own name and version' },
  { line: /glib: ucast: (write|bound|set)/, why: 'socket options, which say nothing about the link' },
  { line: /Cannot lock ourselves into memory/, why: 'memory is not locked' },
  { line: /Gmain_timeout_dispatch/, why: 'the main loop of another library' },
  { line: /killing HB|Core process N exited/, why: 'there are no processes for reading and writing' },
  {
    line: /harc\(default\) .* Running .*rc\.d.(status|hb_takeover|ip-request)/,
    why: 'the daemon does that itself',
  },
  { line: /lost packet|No pkts missing/, why: 'two packets that arrive in exchanged order are no loss' },
  { line: /IPaddrN\S* INFO:$/, why: 'a second later, from a program in the background' },
  { line: /^(ipfail|ccm) /, why: 'which of the two clients asks the other first is chance' },
  { line: /send queue length from heartbeat to client/, why: 'clients have no queue of their own size' },
  { line: /INFO: Running OK/, why: 'what is known to run is not asked again' },
  {
    line: /\(standby\)\.|Standby resource acquisition done|Acquiring resource group/,
    step: /graceful stop/,
    why: 'after shutdone the original takes a second time, as if that had been a standby',
  },
  {
    line: /Initial resource acquisition complete|local resource transition|Local Resource acquisition completed\. \(none\)/,
    step: /alone|joins/,
    why: 'who started alone is settled already when the other joins',
  },
  {
    line: /status (init|up)$|Initial resource acquisition complete|(local|remote) resource transition/,
    step: /cold start|comes back|is started again/,
    why: 'which node is first, and how far the other is by then, is chance',
  },
  {
    line: /remote resource transition completed|Both machines own/,
    step: /loss/,
    why: 'a packet is late by then, or came late where the recording was made',
  },
  {
    line: /^(?!.*(returning after partition|Split_Brain|Deadtime value|See FAQ|Heavy_Load))/,
    step: /heal/,
    why: 'two originals stop everything and start anew, ours serves on',
  },
  {
    line: /Late heartbeat/,
    step: /^(?!.* is late)/,
    why: 'on a busy machine, where the recording was made or where it is compared',
  },
]

/** Lines of the recording that our node must have said too in this step. `us` is its name. */
export function owedBy(us: string, step: string, recorded: readonly string[]): string[] {
  const own = new RegExp(`Link ${us}:`) // a node does not hear itself over its links
  const isOmitted = (line: string): boolean =>
    own.test(line) || OMITTED.some(rule => rule.line.test(line) && (rule.step?.test(step) ?? true))
  return recorded.filter(line => !isOmitted(line))
}
