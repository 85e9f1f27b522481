/** `heartbeat -D` and `-D -W`: the directives that have a default, as a table for people and for a wiki. */
import { RELEASE } from '../../heartbeat/version.js'

/** Name, default, and the original's few words on it; in its order. */
const DEFAULTS: readonly (readonly [name: string, value: string, words: string])[] = [
  ['cluster', 'linux-ha', 'the name of cluster'],
  ['hopfudge', '1', '# of hops above cluster size'],
  ['keepalive', '1000ms', 'keepalive time'],
  ['deadtime', '30000ms', 'node deadtime'],
  ['baud', '19200', 'baud rate'],
  ['auto_failback', 'legacy', 'auto failback'],
  ['hbgenmethod', 'file', 'protocol generation computation method'],
  ['realtime', 'true', 'enable realtime behavior?'],
  ['msgfmt', 'classic', 'message format in the wire'],
  ['conn_logd_time', '60', 'the interval to reconnect to logd'],
  ['log_badpack', 'true', 'warn about bad packets'],
  ['syslogmsgfmt', 'true', 'log to files in syslog format'],
  ['coredumps', 'true', 'enable Linux-HA core dumps'],
  ['pacemaker', 'false', 'enable Pacemaker resource management'],
  ['autojoin', 'none', 'set automatic join mode/style'],
  ['uuidfrom', 'file', 'set the source for uuid'],
  ['compression', 'zlib', 'set compression module'],
  ['compression_threshold', '2', 'set compression threshold'],
  ['traditional_compression', 'no', 'set traditional_compression'],
  ['max_rexmit_delay', '250', 'set the maximum rexmit delay time'],
  ['record_config_changes', 'on', 'record changes to the cib (valid only with: pacemaker on)'],
  [
    'record_pengine_inputs',
    'on',
    'record the input used by the policy engine (valid only with: pacemaker on)',
  ],
  ['enable_config_writes', 'on', 'write configuration changes to disk (valid only with: pacemaker on)'],
  ['memreserve', '6500', 'number of kbytes to preallocate in heartbeat'],
]

export function defaultsTable(): string {
  const row = (name: string, value: string, words: string): string =>
    `${name.padEnd(24)} ${value.padEnd(9)} ${words}\n`
  return [
    row('Directive', 'Default', 'Description'),
    `${'-'.repeat(80)}\n`,
    ...DEFAULTS.map(([name, value, words]) => row(name, value, words)),
  ].join('')
}

/** `max_rexmit_delay` is MaxRexmitDelay in the names of wiki pages. */
const pageOf = (name: string): string =>
  name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())

export function defaultsWiki(): string {
  return [
    '##Put this output in the ha.cf/DefaultValues page\n',
    'The [wiki:ha.cf ha.cf] directives with default values are shown below - along with a brief description.\n',
    `This was produced by {{{heartbeat -DW}}} ''# (version ${RELEASE})''\n\n`,
    "||''Directive''||''Default''||''Description''||\n",
    ...DEFAULTS.map(
      ([name, value, words]) => `||[wiki:ha.cf/${pageOf(name)}Directive ${name}]||${value}||${words}||\n`,
    ),
  ].join('')
}
