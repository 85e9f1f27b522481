/** The identity is the example of the original's monitorfile (recorded case 18-syslog-monitorfile). */
import test from 'ava'
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

test('a message has no character that could break the line; without an answer it is a dash', t => {
  t.is(
    monitorMessage({ passed: false, code: 'L7CONTENT', detail: '', answer: 'no|\r\nway%' }),
    'no%7C%0D%0Away%25',
  )
  t.is(monitorMessage({ passed: true, code: 'OK', detail: 'fine' }), '-')
  t.is(monitorMessage('maintenance'), 'Server in maintenance')
})
