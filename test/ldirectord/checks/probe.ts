/** A probe of 127.0.0.1 with defaults, for tests. */
import type { Probe } from '../../../src/ldirectord/checks/check.js'

export const probeOf = (changes: Partial<Probe>): Probe => ({
  service: 'http',
  checktype: 'negotiate',
  address: '127.0.0.1',
  port: 1,
  protocol: 'tcp',
  request: '/',
  receive: '',
  receivedigest: null,
  tls: null,
  httpmethod: 'GET',
  virtualhost: null,
  checkcommand: '',
  checkcount: 1,
  // Time enough for a busy machine: what has to run into its deadline says so.
  timeoutMs: 8_000,
  external: { virtualServer: '10.0.0.1', virtualPort: 80, realServer: '127.0.0.1', realPort: 8080 },
  login: '',
  passwd: '',
  database: '',
  secret: '',
  ...changes,
})
