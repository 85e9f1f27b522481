/** The first identity is the example of the original's monitorfile (recorded case 18-syslog-monitorfile). */
import test from 'ava'
import { failed, type Outcome, passed } from '../../../src/ldirectord/checks/check.js'
import type { VirtualService } from '../../../src/ldirectord/config/model.js'
import { monitorId, monitorMessage } from '../../../src/ldirectord/core/monitor-line.js'
import { real, virtual } from '../sample-config.js'

test('a check is named by its parts with one blank for every run of colons', t => {
  const service = virtual('127.0.1.1:80', [real('127.0.2.1:80')], {
    checktype: 'negotiate',
    service: 'http',
    request: '/a|b',
    receive: 'x',
  })
  t.is(monitorId(service, service.reals[0]!), 'negotiate http tcp 127.0.2.1 80 1 gate /a|b x')
})

test('only what negotiates is named by its service, an external check by its command; measured on ldirectord 4.12', t => {
  const id = (over: Partial<VirtualService>): string => {
    const service = virtual('127.0.9.1:81', [real('127.0.9.2:18998', { method: 'masq' })], over)
    return monitorId(service, service.reals[0]!)
  }
  t.is(id({ checktype: 'connect', service: 'http' }), 'connect tcp 127.0.9.2 18998 1 masq / ')
  t.is(id({ checktype: 'ping', virtualhost: 'a.b' }), 'ping tcp 127.0.9.2 18998 a.b 1 masq / ')
  t.is(id({ checktype: 'external' }), 'external /bin/true tcp 127.0.9.2 18998 1 masq / ')
  t.is(
    id({ checktype: 'combined', service: 'nntp', combinedConnects: 2 }),
    'combined nntp tcp 127.0.9.2 18998 1 masq / ',
  )
  const odd = { request: '/a.b|c%d e', receive: 'o.k\\d', virtualhost: 'q.r', checkport: 18998 }
  t.is(
    id({ checktype: 'negotiate', service: 'http', ...odd }),
    'negotiate http tcp 127.0.9.2 18998 q.r 18998 1 masq /a.b|c%d e o.kd',
  )
})

const web = virtual('127.0.1.1:80', [real('127.0.2.1:80')], { checktype: 'negotiate', service: 'http' })
const message = (outcome: Outcome | 'maintenance', service = web): string =>
  monitorMessage(service, service.reals[0]!, outcome)

test('a message has no character that could break the line; of what is no web server it is a dash', t => {
  t.is(message({ ...failed('L7CONTENT', ''), answer: 'no|\r\nway%' }), 'no%7c%0d%0away%25')
  t.is(message({ ...passed('200 OK'), answer: '200 OK' }), '200 OK')
  t.is(message('maintenance'), 'Server in maintenance')
  const mail = virtual('127.0.1.1:25', [real('127.0.2.1:25')], { checktype: 'negotiate', service: 'smtp' })
  t.is(message(failed('L4CON', 'connection refused'), mail), '-')
  t.is(message(passed('fine'), mail), '-')
})

test('a web server that gave no answer is a status 500 with the reason; measured on ldirectord 4.12', t => {
  t.is(
    message(failed('L4CON', 'connection refused')),
    "500 Can't connect to 127.0.2.1:80 (Connection refused)",
  )
  t.is(
    message(failed('L4CON', 'connection refused'), { ...web, checkport: 8080 }),
    "500 Can't connect to 127.0.2.1:8080 (Connection refused)",
  )
  t.is(message(failed('L7TOUT', 'no complete answer within 1 s')), '500 Timeout Alarm')
  t.is(message(failed('L4TOUT', 'no connection within 1 s')), '500 Timeout Alarm')
  t.regex(
    message(failed('L7RSP', 'closed before the answer was complete')),
    /^500 closed/,
    'the reason is ours',
  )
})
