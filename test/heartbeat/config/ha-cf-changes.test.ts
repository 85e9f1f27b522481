import test from 'ava'
import { parseHaCf } from '../../../src/heartbeat/config/ha-cf.js'
import { haCfChanges } from '../../../src/heartbeat/config/ha-cf-changes.js'

const BASE = 'keepalive 1\ndeadtime 10\nudpport 694\nbcast eth1\nauto_failback on\nnode alpha\nnode beta\n'
const read = (text: string) => parseHaCf(text, { file: 'ha.cf', us: 'alpha' }).value
const changes = (after: string) => haCfChanges(read(BASE), read(after))

test('comments and the order of lines change nothing', t => {
  const { times, logging, afterRestart } = changes(`# new\n\n${BASE}# end\n`)
  t.deepEqual([times, logging, afterRestart], [[], [], []])
})

test('times and the log act at once, with what follows from them', t => {
  const { times, logging, afterRestart, inForce } = changes(
    `logfile /tmp/x\n${BASE.replace('deadtime 10', 'deadtime 5')}`,
  )
  t.deepEqual([...times].sort(), ['deadping', 'deadtime', 'initdead', 'warntime'])
  t.deepEqual(logging, ['logfile'])
  t.deepEqual(afterRestart, [])
  t.is(inForce.deadtime, 5000)
  t.is(inForce.recorded.get('deadtime'), '5')
  t.is(inForce.logfile, '/tmp/x')
})

test('links, nodes and the port wait for a restart, are named, and are not in force', t => {
  const after = BASE.replace('eth1', 'eth2').replace('694', '700').replace('keepalive 1', 'keepalive 2')
  const { times, afterRestart, inForce } = changes(`${after}node gamma\n`)
  t.deepEqual(times.includes('keepalive'), true)
  t.deepEqual([...afterRestart].sort(), ['media', 'node', 'udpport'])
  t.deepEqual(inForce.node, ['alpha', 'beta'])
  t.is(inForce.keepalive, 2000)
})

test('auto_failback acts at once between on and off, not to legacy', t => {
  t.deepEqual(changes(BASE.replace('failback on', 'failback off')).times, ['auto_failback'])
  const { times, afterRestart, inForce } = changes(BASE.replace('failback on', 'failback legacy'))
  t.deepEqual([times, afterRestart, inForce.auto_failback], [[], ['auto_failback'], 'on'])
})
