/**
 * What a valid ldirectord.cf says, after defaults and inheritance: the value that the rest of ldirectord works
 * with. Names are spelled as in the file. Addresses and ports are resolved; the text as written is kept beside
 * them where logs or commands need it.
 */
import type { ForwardMethod, ProxyProtocol, ServiceKey } from '../core/table.js'

export type Checktype =
  | 'connect'
  | 'negotiate'
  | 'ping'
  | 'off'
  | 'on'
  | 'external'
  | 'external-perl'
  | 'combined'

export type EmailAlertStatus = 'none' | 'starting' | 'running' | 'stopping' | 'reloading'

/** A fallback ("sorry") server. */
export interface Fallback {
  readonly address: string
  /** null: the port of each virtual service (global fallback without a port). */
  readonly port: number | null
  readonly method: ForwardMethod
  readonly line: number
  /** fallback=sorry: ldirectord itself; the address is that of each virtual service. */
  readonly isSorry?: true
}

/** What `fallback=sorry` of a virtual service answers. */
export interface Sorry {
  readonly port: number
  /** null: the built-in page. */
  readonly page: string | null
  /** Seconds; 0: not said. */
  readonly retryAfter: number
}

export interface CheckWindow {
  readonly passes: number
  readonly size: number
}

/** Seconds: the first pause, and the longest, which is also how long a server must stay up to count as calm. */
export interface FlapBackoff {
  readonly first: number
  readonly longest: number
}

/** Directives of ours: what a check over TLS demands beyond the original, which verifies nothing. */
export interface TlsDemands {
  readonly tlsverify: boolean
  /** null: the issuers that the system trusts. */
  readonly tlscafile: string | null
  readonly tlsservername: string | null
  readonly tlscert: string | null
  readonly tlskey: string | null
  /** Days before the end of a certificate from which on it is warned of, and from which on its server is down. */
  readonly tlsexpirywarn: number | null
  readonly tlsexpiryfail: number | null
}

export interface RealServer {
  /** As written, for messages. */
  readonly text: string
  readonly line: number
  /** IPv6 without brackets. */
  readonly address: string
  /** 0 when none was written (marks). For tcp/udp services with gate or ipip the table gets the service's port. */
  readonly port: number
  readonly method: ForwardMethod
  readonly weight: number
  readonly upper: number
  readonly lower: number
  /** The per-real pair; null: the section's values hold. */
  readonly request: string | null
  readonly receive: string | null
}

export interface VirtualService {
  readonly line: number
  /** The value of `virtual=` or `virtual6=` as written. */
  readonly text: string
  readonly key: ServiceKey
  readonly reals: readonly RealServer[]
  readonly fallback: Fallback | null
  /** null: the fallback is another one, or there is none. */
  readonly sorry: Sorry | null
  readonly fallbackcommand: string | null
  readonly checktype: Checktype
  /** N of a combined check (checktype=N), else 0. */
  readonly combinedConnects: number
  /** http, https, ... or none. */
  readonly service: string
  readonly checkport: number | null
  readonly request: string
  readonly receive: string
  /** A directive of ours: MD5 or SHA-256 of the answer in lower-case hexadecimal digits. */
  readonly receivedigest: string | null
  /** null: no directive about TLS is set. */
  readonly tls: TlsDemands | null
  readonly httpmethod: 'GET' | 'HEAD'
  readonly virtualhost: string | null
  readonly checkcommand: string
  readonly login: string
  readonly passwd: string
  readonly database: string
  readonly secret: string
  readonly load: string
  readonly scheduler: string
  readonly persistent: number | null
  readonly netmask: string | null
  readonly schedflags: string
  readonly ops: boolean
  /** Directives of ours: how the proxy tells real servers who the client is. */
  readonly proxyprotocol: ProxyProtocol | null
  readonly forwardedfor: boolean
  /** Seconds, after inheritance (own, other own, global, other global, default). */
  readonly checktimeout: number
  readonly negotiatetimeout: number
  readonly checkinterval: number
  readonly checkcount: number
  readonly failurecount: number
  /** Directives of ours. Successes in a row after which a server that is down is up again. */
  readonly recoverycount: number
  /** Of the last `size` checks at least `passes` must have passed; null: failurecount and recoverycount decide. */
  readonly checkwindow: CheckWindow | null
  /** Percent: when fewer servers are up, those that were up stay in service; 0: never. */
  readonly panicthreshold: number
  /** How long a server that keeps going down and up stays out; null: it may return at once. */
  readonly flapbackoff: FlapBackoff | null
  readonly quiescent: boolean
  readonly cleanstop: boolean
  readonly emailalert: string | null
  readonly emailalertfreq: number
  readonly emailalertstatus: readonly EmailAlertStatus[]
  readonly smtp: string | null
  readonly monitorfile: string | null
  readonly servicename: string | null
  readonly comment: string | null
}

export interface LdirectordConfig {
  /** Full path of the file, as opened. */
  readonly file: string
  readonly virtuals: readonly VirtualService[]
  /** Directive of ours: which forwarder to use. `auto`: kernel IPVS where it can be used, else the user-space proxy. */
  readonly forwarder: 'auto' | 'ipvs' | 'nft' | 'proxy'
  /** Directive of ours: threads of the user-space proxy; null: its own choice. */
  readonly proxyworkers: number | null
  readonly checkinterval: number
  /** Percent of the interval by which a check may start early; a directive of ours. */
  readonly checkjitter: number
  readonly autoreload: boolean
  readonly callback: string | null
  /** A path when it starts with '/', else a syslog facility. */
  readonly logfile: string
  readonly execute: readonly string[]
  readonly supervised: boolean
  readonly fork: boolean
  readonly quiescent: boolean
  readonly readdquiescent: boolean
  readonly emailalert: string | null
  readonly emailalertfrom: string | null
  readonly emailalertfreq: number
  readonly emailalertstatus: readonly EmailAlertStatus[]
  /** Directives of ours: seconds of events in one mail, mails an hour (null: any number), further lines in mails. */
  readonly emailalertgroup: number
  readonly emailalertlimit: number | null
  readonly emailalertdetail: boolean
  /** Only the director that has the address of a virtual service mails about it. */
  readonly emailalertowner: boolean
  readonly smtp: string | null
  readonly cleanstop: boolean
  readonly maintenancedir: string | null
  readonly fallback: Fallback | null
  readonly fallback6: Fallback | null
  readonly fallbackcommand: string | null
}
