import test from 'ava'
import { ctime, haLogLine, ldirectordLine } from '../../src/log/formats.js'

// Expected lines: reference/heartbeat-wire section 6 and reference/ldirectord section 6, both taken from the originals.
const at = (month: number, day: number, h: number, m: number, s: number): number =>
  new Date(2026, month - 1, day, h, m, s).getTime()

test('ha-log lines are those of heartbeat 3.0.6', t => {
  const record = { atMs: at(11, 21, 2, 5, 37), level: 'WARN', text: 'node alpha: is dead' } as const
  t.is(haLogLine(record, 'beta', 27), 'Nov 21 02:05:37 beta heartbeat: [27]: WARN: node alpha: is dead\n')
})

test('ldirectord lines carry ctime, instance and pid', t => {
  const record = { atMs: at(11, 21, 2, 4, 4), level: 'info', text: 'x' } as const
  t.is(ldirectordLine(record, 'ldirectord.cf', 4711), '[Sat Nov 21 02:04:04 2026|ldirectord.cf|4711] x\n')
})

test('ctime pads the day with a blank', t => {
  t.is(ctime(at(11, 1, 0, 0, 0)), 'Sun Nov  1 00:00:00 2026')
})

test('text from outside cannot forge a second line', t => {
  const record = { atMs: at(11, 21, 2, 4, 4), level: 'info', text: 'a\nNov 21 forged\r' } as const
  t.is(haLogLine(record, 'n', 1).split('\n').length, 2)
})
