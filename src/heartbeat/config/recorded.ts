/**
 * Which directives children and API clients can ask for, as text: HA_<name> and getparm. The list and the default
 * texts are heartbeat 3.0.6's, read from the environment of a respawned child and from `heartbeat -D`.
 */

const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['cluster', 'linux-ha'],
  ['hopfudge', '1'],
  ['keepalive', '1000ms'],
  ['deadtime', '30000ms'],
  ['baud', '19200'],
  ['udpport', '694'],
  ['debug', '0'],
  ['auto_failback', 'legacy'],
  ['hbgenmethod', 'file'],
  ['realtime', 'true'],
  ['msgfmt', 'classic'],
  ['conn_logd_time', '60'],
  ['log_badpack', 'true'],
  ['syslogmsgfmt', 'true'],
  ['coredumps', 'true'],
  ['pacemaker', 'false'],
  ['autojoin', 'none'],
  ['uuidfrom', 'file'],
  ['compression', 'zlib'],
  ['compression_threshold', '2'],
  ['traditional_compression', 'no'],
  ['max_rexmit_delay', '250'],
  ['record_config_changes', 'on'],
  ['record_pengine_inputs', 'on'],
  ['enable_config_writes', 'on'],
  ['memreserve', '6500'],
])

/** The texts of all recorded directives that the file does not give. */
export function recordedDefaults(deadtimeMs: number): ReadonlyMap<string, string> {
  return new Map([...DEFAULTS, ['deadping', `${deadtimeMs}ms`]])
}

/** crm is recorded under its newer name. */
export function recordedName(directive: string): string {
  return directive === 'crm' ? 'pacemaker' : directive
}
