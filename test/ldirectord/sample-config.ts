/** Configurations for tests: the defaults of the original, and only what a test is about written out. */
import type { LdirectordConfig, RealServer, VirtualService } from '../../src/ldirectord/config/model.js'

export function real(address: string, over: Partial<RealServer> = {}): RealServer {
  const [host, port] = address.split(':')
  return {
    text: address,
    line: 1,
    address: host!,
    port: Number(port ?? 0),
    method: 'gate',
    weight: 1,
    upper: 0,
    lower: 0,
    request: null,
    receive: null,
    ...over,
  }
}

export function virtual(address: string, reals: readonly RealServer[], over: Partial<VirtualService> = {}) {
  const [host, port] = address.split(':')
  const made: VirtualService = {
    line: 1,
    text: address,
    key:
      port === undefined
        ? { protocol: 'fwm', family: 4, mark: Number(host) }
        : { protocol: 'tcp', family: 4, address: host!, port: Number(port) },
    reals,
    fallback: null,
    sorry: null,
    fallbackcommand: null,
    checktype: 'connect',
    combinedConnects: 0,
    service: 'none',
    checkport: null,
    request: '/',
    receive: '',
    receivedigest: null,
    tls: null,
    httpmethod: 'GET',
    virtualhost: null,
    checkcommand: '/bin/true',
    login: '',
    passwd: '',
    database: '',
    secret: '',
    load: '',
    scheduler: 'wrr',
    persistent: null,
    netmask: null,
    schedflags: '',
    ops: false,
    proxyprotocol: null,
    forwardedfor: false,
    checktimeout: 5,
    negotiatetimeout: 30,
    checkinterval: 10,
    checkcount: 1,
    failurecount: 1,
    recoverycount: 1,
    checkwindow: null,
    panicthreshold: 0,
    flapbackoff: null,
    quiescent: true,
    cleanstop: true,
    emailalert: null,
    emailalertfreq: 0,
    emailalertstatus: [],
    smtp: null,
    monitorfile: null,
    servicename: null,
    comment: null,
    ...over,
  }
  return made
}

export function config(virtuals: readonly VirtualService[], over: Partial<LdirectordConfig> = {}) {
  const made: LdirectordConfig = {
    file: '/etc/ha.d/ldirectord.cf',
    virtuals,
    forwarder: 'auto',
    checkinterval: 10,
    checkjitter: 0,
    proxyworkers: null,
    autoreload: false,
    callback: null,
    logfile: '/var/log/ldirectord.log',
    execute: [],
    supervised: false,
    fork: false,
    quiescent: true,
    readdquiescent: false,
    emailalert: null,
    emailalertfrom: null,
    emailalertfreq: 0,
    emailalertstatus: [],
    emailalertgroup: 0,
    emailalertlimit: null,
    emailalertdetail: false,
    emailalertowner: false,
    smtp: null,
    cleanstop: true,
    maintenancedir: null,
    fallback: null,
    fallback6: null,
    fallbackcommand: null,
    ...over,
  }
  return made
}
