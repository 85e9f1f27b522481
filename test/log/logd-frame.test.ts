import test from 'ava'
import { logdFrame } from '../../src/log/logd-frame.js'

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex')

// What ha_logger of cluster-glue wrote for `ha_logger -t mytag "hello world"` on x86-64.
const OF_A_SCRIPT = hex(`
  6c000000 cdab0000 02000000 08000000 06000000 0c000000 00000000 c8070000
  6d79746167 ${'00'.repeat(59)} 9f73016b00000000 68656c6c6f20776f726c6400`)
// The first line of heartbeat 3.0.6 as process 31: "Enabling logging daemon ".
const OF_HEARTBEAT = hex(`
  79000000 cdab0000 02000000 08000000 06000000 19000000 01000000 1f000000
  686561727462656174 ${'00'.repeat(55)} d173016b00000000
  456e61626c696e67206c6f6767696e67206461656d6f6e2000`)

test('a line is byte for byte what heartbeat and ha_logger write', t => {
  const hello = { atMs: 0x6b01739f * 1_000, level: 'info', text: 'hello world' } as const
  t.deepEqual(
    logdFrame({ record: hello, facility: 1, entity: 'mytag', pid: 0x7c8, namesLevel: false }),
    OF_A_SCRIPT,
  )
  const record = { atMs: 0x6b0173d1 * 1_000 + 999, level: 'info', text: 'Enabling logging daemon ' } as const
  t.deepEqual(
    logdFrame({ record, facility: 1, entity: 'heartbeat', pid: 31, namesLevel: true }),
    OF_HEARTBEAT,
  )
})

test('a name is cut to 63 bytes and a text to 4096, and no text makes a second line', t => {
  const record = { atMs: 0, level: 'WARN', text: `one\ntwo ${'x'.repeat(10_000)}` } as const
  const frame = logdFrame({ record, facility: 3, entity: 'n'.repeat(100), pid: 1, namesLevel: true })
  t.is(frame.length, 8 + 96 + 4_096 + 1)
  t.is(frame.toString('latin1', 32, 96), `${'n'.repeat(63)}\0`)
  t.is(frame.toString('latin1', 104, 112), 'one two ')
  t.is(frame.readUInt32LE(12), 3 * 8)
  t.is(frame.readUInt32LE(16), 4)
})
