/** The lines up to the last colon are those of ldirectord 4.12 -d for such a file; what follows it is ours. */
import test from 'ava'
import { failed, passed } from '../../../src/ldirectord/checks/check.js'
import { debugLines } from '../../../src/ldirectord/core/debug-lines.js'
import { real, virtual } from '../sample-config.js'

const web = virtual('127.0.9.1:80', [real('127.0.9.2:18999', { method: 'masq', weight: 2 })], {
  checktype: 'negotiate',
  service: 'http',
  request: '/a.b|c%d e',
  receive: 'o.k\\d',
  virtualhost: 'q.r',
  checkport: 18998,
})

test('-d shows each check with its identity and what came of it', t => {
  const id =
    'negotiate:http:tcp:127.0.9.2:18999:q.r:18998:2:masq:\\/a\\.b\\|c\\%d\\ e:o\\.k\\\\d (virtual=tcp:127.0.9.1:80)'
  t.deepEqual(debugLines(web, web.reals[0]!, failed('L4CON', 'connection refused'), 1.4), [
    `DEBUG2: Checking negotiate: real server=${id}`,
    `DEBUG2: Disabled real server=${id}`,
    'DEBUG3: Deactivated service 127.0.9.2:18999: L4CON connection refused, 1 ms',
  ])
  t.deepEqual(debugLines(web, web.reals[0]!, passed('200 OK'), 12), [
    `DEBUG2: Checking negotiate: real server=${id}`,
    `DEBUG2: Enabled  real server=${id}`,
    'DEBUG3: Activated service 127.0.9.2:18999: OK 200 OK, 12 ms',
  ])
})

test('with checktype=on, and under maintenance, nobody is asked', t => {
  const on = virtual('127.0.9.1:84', [real('127.0.9.2:18998', { method: 'masq' })], { checktype: 'on' })
  const id = 'real server=on:tcp:127.0.9.2:18998:::1:masq:\\/: (virtual=tcp:127.0.9.1:84)'
  t.deepEqual(debugLines(on, on.reals[0]!, passed('not checked'), 0), [
    'DEBUG2: Checking on: Real servers are added without any checks',
    `DEBUG2: Enabled  ${id}`,
  ])
  t.deepEqual(debugLines(on, on.reals[0]!, 'maintenance', 0), [
    `DEBUG2: Disabled ${id}`,
    'DEBUG3: Deactivated service 127.0.9.2:18998: Server in maintenance',
  ])
})
