/** Rows of /proc/net/ip_vs_conn: the first as recorded on Linux 6.1, the templates in the same columns. */
import test from 'ava'
import { templateOf } from '../../../src/ldirectord/forwarders/ipvs-bindings.js'

const ROWS: readonly [what: string, row: string, id: string | null][] = [
  ['a connection', 'TCP 0A4D0065 CE76 0A4D00CA 0050 0A4D001A 0050 FIN_WAIT         59', null],
  ['the heading', 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData', null],
  [
    'a template of a TCP service',
    'TCP 0A4D0065 0000 0A4D00C8 0050 0A4D0117 0050 ASSURED         299',
    'tcp:10.77.0.200:80 10.77.1.23:80',
  ],
  [
    'a template of a mark',
    'IP  0A4D0065 0000 00000005 0000 0A4D0116 0000 ASSURED          59',
    'fwm:5 10.77.1.22:0',
  ],
  [
    'a template of an IPv6 service',
    'TCP fd77:0000:0000:0000:0000:0000:0000:0101 0000 fd77:0000:0000:0000:0000:0000:0000:0200 0050 fd77:0001:0000:0000:0000:0000:0000:0021 0050 ASSURED          59',
    'tcp:[fd77::200]:80 [fd77:1::21]:80',
  ],
  ['an empty line', '', null],
]
for (const [what, row, id] of ROWS) {
  test(`${what} binds ${id ?? 'nobody'}`, t => {
    t.is(templateOf(row), id)
  })
}
