/** The first identity is the example of the original's monitorfile (recorded case 18-syslog-monitorfile). */
import test from 'ava'
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

test('a message has no character that could break the line; without an answer it is a dash', t => {
  t.is(
    monitorMessage({ passed: false, code: 'L7CONTENT', detail: '', answer: 'no|\r\nway%' }),
    'no%7C%0D%0Away%25',
  )
  t.is(monitorMessage({ passed: true, code: 'OK', detail: 'fine' }), '-')
  t.is(monitorMessage('maintenance'), 'Server in maintenance')
})
