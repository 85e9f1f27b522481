import test from 'ava'
import { untellable, untold, withoutTelling } from '../../../src/ldirectord/core/client-telling.js'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { forwarderLimitations } from '../../../src/ldirectord/core/limitations.js'
import { planLines } from '../../../src/ldirectord/core/plan.js'
import { EMPTY_TABLE } from '../../../src/ldirectord/core/table.js'
import { configOf } from '../config/recorded.js'

const both = configOf(
  'proxyprotocol=v1\nvirtual=127.0.1.1:80\n\treal=127.0.2.1:80 masq\n\tforwardedfor=yes\n' +
    'virtual=127.0.1.1:81\n\treal=127.0.2.1:81 masq\n\tproxyprotocol=no\n',
)
const nobody = (): boolean => false

test('the settings stand in the table of the proxy and in that of no other forwarder', t => {
  const [told, plain] = desiredTable(both, nobody).services
  t.like(told, { proxyProtocol: 'v1', forwardedFor: true })
  t.false('proxyProtocol' in plain! || 'forwardedFor' in plain!)
  const [elsewhere] = withoutTelling(desiredTable(both, nobody)).services
  t.false('proxyProtocol' in elsewhere! || 'forwardedFor' in elsewhere!)
})

test('switching a setting is an edit with the proxy, and none with another forwarder', t => {
  const without = configOf(
    'virtual=127.0.1.1:80\n\treal=127.0.2.1:80 masq\nvirtual=127.0.1.1:81\n\treal=127.0.2.1:81 masq\n',
  )
  const current = desiredTable(without, nobody)
  t.is(planLines(both, current, nobody, nobody, new Set(), true).length, 1)
  t.deepEqual(planLines(both, current, nobody, nobody, new Set()), [])
  t.not(planLines(both, EMPTY_TABLE, nobody, nobody, new Set()).length, 0)
})

test('a forwarder that keeps the address of the client says that the directives do nothing', t => {
  t.deepEqual(forwarderLimitations(both, { name: 'nft' }), [
    'virtual 127.0.1.1:80: proxyprotocol=v1 works with forwarder=proxy only; with nft real servers see the address of the client itself, and no header',
    'virtual 127.0.1.1:80: forwardedfor=yes works with forwarder=proxy only; with nft real servers see the address of the client itself, and no header',
  ])
  t.deepEqual(forwarderLimitations(both, { name: 'proxy', tellsClients: true }), [])
  t.deepEqual(untold(desiredTable(both, nobody).services[1]!, 'ipvs'), [])
})

test('what UDP cannot carry is said: version 1 of the header, and X-Forwarded-For', t => {
  const udp = (line: string): string[] =>
    desiredTable(
      configOf(`virtual=127.0.1.1:53\n\treal=127.0.2.1:53 masq\n\t${line}\n`),
      nobody,
    ).services.flatMap(untellable)
  t.deepEqual(udp('proxyprotocol=v2'), [])
  t.regex(udp('proxyprotocol=v1').join(), /^virtual 127\.0\.1\.1:53: proxyprotocol=v1 knows no UDP/)
  t.regex(udp('forwardedfor=yes').join(), /does nothing for UDP$/)
})
