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
const everybody = (): boolean => true

test('the settings stand in the table of the proxy and in that of no other forwarder', t => {
  const [told, plain] = desiredTable(both, everybody).services
  t.like(told, { forwardedFor: true, destinations: [{ proxyProtocol: 'v1' }] })
  t.deepEqual(plain, withoutTelling({ services: [plain!] }).services[0])
  const elsewhere = JSON.stringify(withoutTelling(desiredTable(both, everybody)))
  t.notRegex(elsewhere, /proxyProtocol|forwardedFor/)
})

test('switching a setting is an edit with the proxy, and none with another forwarder', t => {
  const without = configOf(
    'virtual=127.0.1.1:80\n\treal=127.0.2.1:80 masq\nvirtual=127.0.1.1:81\n\treal=127.0.2.1:81 masq\n',
  )
  const current = desiredTable(without, everybody)
  t.is(planLines(both, current, everybody, nobody, new Set(), true).length, 2)
  t.deepEqual(planLines(both, current, everybody, nobody, new Set()), [])
  t.not(planLines(both, EMPTY_TABLE, everybody, nobody, new Set()).length, 0)
})

test('a forwarder that keeps the address of the client says that the directives do nothing', t => {
  t.deepEqual(forwarderLimitations(both, { name: 'nft' }), [
    'virtual 127.0.1.1:80: proxyprotocol=v1 works with forwarder=proxy only; with nft real servers see the address of the client itself, and no header',
    'virtual 127.0.1.1:80: forwardedfor=yes works with forwarder=proxy only; with nft real servers see the address of the client itself, and no header',
  ])
  t.deepEqual(forwarderLimitations(both, { name: 'proxy', tellsClients: true }), [])
  t.deepEqual(untold(desiredTable(both, everybody).services[1]!, 'ipvs'), [])
})

test('what UDP cannot carry is said: version 1 of the header, and X-Forwarded-For', t => {
  const udp = (line: string): string[] =>
    desiredTable(
      configOf(`virtual=127.0.1.1:53\n\treal=127.0.2.1:53 masq\n\t${line}\n`),
      everybody,
    ).services.flatMap(untellable)
  t.deepEqual(udp('proxyprotocol=v2'), [])
  t.regex(udp('proxyprotocol=v1').join(), /^virtual 127\.0\.1\.1:53: proxyprotocol=v1 knows no UDP/)
  t.regex(udp('forwardedfor=yes').join(), /does nothing for UDP$/)
})

test('the fallback gets no header: it is a plain server, or the page of ldirectord itself', t => {
  const file = configOf(
    'proxyprotocol=v2\nvirtual=127.0.1.1:80\n\treal=127.0.2.1:80 masq\n\tfallback=sorry\n',
  )
  const [down] = desiredTable(file, nobody).services
  t.deepEqual(
    down!.destinations.map(({ address, proxyProtocol }) => [address, proxyProtocol]),
    [['127.0.1.1', undefined]],
  )
})
