/**
 * Where the lines of an ldirectord process go: a file or syslog as logfile= says, or its own streams in the
 * foreground, where -d shows them bare and supervised=yes with the time.
 */
import { ctime, FACILITIES, ldirectordLine, syslogPriority } from '../../log/formats.js'
import { type FileLog, fileLog } from '../../log/io/file-log.js'
import { type SyslogSink, syslogSink } from '../../log/io/syslog.js'
import { type Log, oneLine } from '../../log/record.js'
import type { LdirectordConfig } from '../config/model.js'
import type { Instance } from './instance.js'

export type LogPlace = 'configured' | 'stdout' | 'stderr'

export class LogOutput {
  readonly #place: LogPlace
  readonly #instance: Instance
  #logfile = ''
  #file: FileLog | null = null
  #syslog: SyslogSink | null = null

  constructor(place: LogPlace, instance: Instance, config: Pick<LdirectordConfig, 'logfile'>) {
    this.#place = place
    this.#instance = instance
    // Whoever read our streams may go away; that is no reason to stop checking.
    if (place !== 'configured')
      for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
    this.use(config)
  }

  use({ logfile }: Pick<LdirectordConfig, 'logfile'>): void {
    if (this.#place !== 'configured' || logfile === this.#logfile) return
    void this.close()
    this.#logfile = logfile
    if (logfile.startsWith('/')) this.#file = fileLog(logfile)
    else this.#syslog = syslogSink(logfile, `ldirectord[${process.pid}]`, why => this.#withoutSyslog(why))
  }

  #facility(): number {
    return FACILITIES[this.#logfile] ?? FACILITIES.daemon!
  }

  /** Lines that syslog does not take go to the usual file, so that they are not lost. */
  #withoutSyslog(why: string): void {
    this.#syslog = null
    this.#file ??= fileLog(this.#instance.defaultLog)
    this.log('WARN', why)
  }

  readonly log: Log = (level, text) => {
    const record = { atMs: Date.now(), level, text }
    if (this.#place === 'stderr') process.stderr.write(`${oneLine(text)}\n`)
    else if (this.#place === 'stdout') process.stdout.write(`[${ctime(record.atMs)}] ${oneLine(text)}\n`)
    // The original gives every line the priority info, and nothing but the text.
    else if (this.#syslog !== null) this.#syslog.line(syslogPriority('info', this.#facility()), text)
    else this.#file?.write(ldirectordLine(record, this.#instance.name, process.pid))
  }

  /** Resolves when the last line is where it belongs. */
  async close(): Promise<void> {
    const file = this.#file
    this.#syslog?.close()
    this.#file = null
    this.#syslog = null
    await file?.close()
  }
}
