/**
 * A configuration written out as a file again: every value by its own directive, what a section inherits only in
 * column 1. Read again it must be the same configuration, by other ways than those of the file it came from.
 */
import type { Fallback, LdirectordConfig, VirtualService } from '../../../src/ldirectord/config/model.js'

type Line = readonly [name: string, value: string | number | null]

const yesNo = (value: boolean): string => (value ? 'yes' : 'no')
const quoted = (value: string): string | null => (value === '' ? null : `"${value}"`)
/** IPv6 in brackets, where no dots may stand: `::0.1.0.2`, as the C library prints it, is `::1:2`. */
const bracketed = (address: string): string => {
  if (!address.includes(':')) return address
  const hex = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16)
  const tail = (_: string, a: string, b: string, c: string, d: string): string => `${hex(a, b)}:${hex(c, d)}`
  return `[${address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, tail)}]`
}
const place = (address: string, port: number | null): string =>
  `${bracketed(address)}${port === null ? '' : `:${port}`}`

function fallbackText(fallback: Fallback | null): string | null {
  if (fallback === null) return null
  return fallback.isSorry ? 'sorry' : `${place(fallback.address, fallback.port)} ${fallback.method}`
}

/** What column 1 and sections have in common. */
function shared(values: VirtualService | LdirectordConfig): Line[] {
  const { quiescent, cleanstop, emailalert, emailalertfreq, emailalertstatus, smtp, fallbackcommand } = values
  return [
    ['quiescent', yesNo(quiescent)],
    ['cleanstop', yesNo(cleanstop)],
    ['emailalert', emailalert],
    ['emailalertfreq', emailalertfreq],
    ['emailalertstatus', emailalertstatus.length === 0 ? 'none' : emailalertstatus.join(', ')],
    ['smtp', smtp],
    ['fallbackcommand', fallbackcommand],
  ]
}

function globals(config: LdirectordConfig): Line[] {
  return [
    ['forwarder', config.forwarder],
    ['checkinterval', config.checkinterval],
    ['checkjitter', config.checkjitter],
    ['autoreload', yesNo(config.autoreload)],
    ['callback', config.callback === null ? null : `"${config.callback}"`],
    ['logfile', `"${config.logfile}"`],
    ...config.execute.map((name): Line => ['execute', name]),
    ['supervised', yesNo(config.supervised)],
    ['fork', yesNo(config.fork)],
    ['readdquiescent', yesNo(config.readdquiescent)],
    ['emailalertfrom', config.emailalertfrom],
    ['emailalertgroup', config.emailalertgroup],
    ['emailalertlimit', config.emailalertlimit],
    ['emailalertdetail', yesNo(config.emailalertdetail)],
    ['emailalertowner', yesNo(config.emailalertowner)],
    ['maintenancedir', config.maintenancedir],
    ['fallback', fallbackText(config.fallback)],
    ['fallback6', fallbackText(config.fallback6)],
    ...shared(config),
  ]
}

function section(virtual: VirtualService, config: LdirectordConfig): Line[] {
  const { key, tls, sorry, checkwindow, flapbackoff } = virtual
  const suffix = key.family === 6 ? '6' : ''
  const inherited = new Set(shared(config).map(line => line.join('=')))
  const { login, passwd, service } = virtual
  // At their line these two fill in what is still empty; chosen by the port alone they do not.
  const fills = (service === 'ftp' && passwd === '') || (/^(ftp|sip)$/.test(service) && login === '')
  return [
    ...virtual.reals.map((real): Line => {
      const pair = real.request === null ? '' : ` "${real.request}","${real.receive}"`
      const limits = `${real.lower === 0 ? '' : ` l:${real.lower}`}${real.upper === 0 ? '' : ` u:${real.upper}`}`
      const server = `${place(real.address, real.port)} ${real.method} ${real.weight}`
      return [`real${suffix}`, `${server}${pair}${limits}`]
    }),
    ['protocol', key.protocol],
    [`fallback${suffix}`, fallbackText(virtual.fallback)],
    ['sorryport', sorry?.port ?? null],
    ['sorrypage', sorry?.page ?? null],
    ['sorryretryafter', sorry?.retryAfter ?? null],
    ['checktype', virtual.checktype === 'combined' ? virtual.combinedConnects : virtual.checktype],
    ['login', quoted(login)],
    ['passwd', quoted(passwd)],
    ['service', fills ? null : service],
    ['checkport', virtual.checkport],
    ['request', `"${virtual.request}"`],
    ['receive', quoted(virtual.receive)],
    ['receivedigest', virtual.receivedigest],
    ...Object.entries(tls ?? {}).map(
      ([name, value]): Line => [name, typeof value === 'boolean' ? yesNo(value) : value],
    ),
    ['httpmethod', virtual.httpmethod],
    ['virtualhost', virtual.virtualhost],
    ['checkcommand', `"${virtual.checkcommand}"`],
    ['database', quoted(virtual.database)],
    ['secret', quoted(virtual.secret)],
    ['load', quoted(virtual.load)],
    ['scheduler', virtual.scheduler],
    ['persistent', virtual.persistent],
    ['netmask', virtual.netmask],
    ['schedflags', virtual.schedflags === '' ? null : virtual.schedflags],
    ['ops', yesNo(virtual.ops)],
    ['checktimeout', virtual.checktimeout],
    ['negotiatetimeout', virtual.negotiatetimeout],
    ['checkinterval', config.fork ? virtual.checkinterval : null],
    ['checkcount', virtual.checkcount],
    ['failurecount', virtual.failurecount],
    ['recoverycount', virtual.recoverycount],
    ['checkwindow', checkwindow === null ? null : `${checkwindow.passes}/${checkwindow.size}`],
    ['panicthreshold', virtual.panicthreshold],
    ['flapbackoff', flapbackoff === null ? null : `${flapbackoff.first}/${flapbackoff.longest}`],
    ['monitorfile', virtual.monitorfile],
    ['servicename', virtual.servicename],
    ['comment', virtual.comment],
    ...shared(virtual).filter(line => !inherited.has(line.join('='))),
  ]
}

function printed(lines: readonly Line[], indent: string): string {
  return lines.map(([name, value]) => (value === null ? '' : `${indent}${name}=${value}\n`)).join('')
}

export function print(config: LdirectordConfig): string {
  const sections = config.virtuals.map(virtual => {
    const { key } = virtual
    const head = key.protocol === 'fwm' ? String(key.mark) : `${bracketed(key.address)}:${key.port}`
    return `virtual${key.family === 6 ? '6' : ''}=${head}\n${printed(section(virtual, config), '\t')}\n`
  })
  return printed(globals(config), '') + sections.join('')
}
