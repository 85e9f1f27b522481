import test from 'ava'
import fc from 'fast-check'
import { DRAINS_MAX, drainOf, placeOf, withDrain, withoutDrain } from '../../../src/ldirectord/core/drain.js'
import { drain } from './sample-drain.js'

const WEB = 'tcp:10.0.0.1:80'

test('a drain covers its server in every virtual service, or in the one that is named', t => {
  const server = { address: '10.0.1.1', port: 80 }
  t.truthy(drainOf([drain()], WEB, server))
  t.truthy(drainOf([drain({ port: null })], WEB, { ...server, port: 443 }))
  t.is(drainOf([drain()], WEB, { ...server, port: 443 }), null)
  t.is(drainOf([drain({ virtual: 'tcp:10.0.0.2:80' })], WEB, server), null)
  t.is(drainOf([drain()], WEB, { ...server, address: '10.0.1.2' }), null)
})

test('the drain of one virtual service is shown before that of all, and a spelling of IPv6 does not matter', t => {
  const own = drain({ address: 'fd00::1', virtual: WEB, reason: 'own' })
  const all = drain({ address: 'fd00::1', port: null, reason: 'all' })
  t.is(drainOf([all, own], WEB, { address: 'fd00:0:0::1', port: 80 })?.reason, 'own')
  t.is(drainOf([all, own], 'tcp:10.0.0.2:80', { address: 'fd00::1', port: 80 })?.reason, 'all')
})

test('a second drain of a place replaces the first', t => {
  const list = withDrain([drain()], drain({ reason: 'disk' }))
  t.deepEqual(
    list?.map(({ reason }) => reason),
    ['disk'],
  )
})

test('an undrain of a server ends its drains in every virtual service; one with a virtual only that', t => {
  const list = [drain(), drain({ virtual: WEB }), drain({ address: '10.0.1.2' })]
  const ended = { address: '10.0.1.1', port: null, virtual: null }
  t.deepEqual(withoutDrain(list, ended).map(placeOf), ['10.0.1.2:80'])
  t.deepEqual(withoutDrain(list, { ...ended, virtual: WEB }).map(placeOf), ['10.0.1.1:80', '10.0.1.2:80'])
})

test('the list has a limit, and who and why are one line of limited length', t => {
  const full = Array.from({ length: DRAINS_MAX }, (_, n) => drain({ port: n }))
  t.is(withDrain(full, drain({ address: '10.0.1.2' })), null)
  const [kept] = withDrain([], drain({ who: 'a\nb', reason: `x\0${'y'.repeat(500)}` }))!
  t.is(kept!.who, 'a b')
  t.is(kept!.reason.length, 200)
})

const line = fc.string({ maxLength: 50 }).filter(text => !/\p{Cc}/u.test(text) && text.trim() === text)
const drains = fc.array(
  fc.record({
    address: fc.ipV4(),
    port: fc.option(fc.integer({ min: 0, max: 65_535 })),
    virtual: fc.option(fc.constant(WEB)),
    who: line,
    reason: line,
    sinceMs: fc.nat(),
    untilMs: fc.option(fc.nat()),
  }),
)

test('after a drain and its undrain nothing of it is left, whatever else is drained', t => {
  fc.assert(
    fc.property(drains, list => {
      const place = { address: '192.0.2.1', port: 80, virtual: null }
      const server = { address: '192.0.2.1', port: 80 }
      const others = list.filter(({ address }) => address !== '192.0.2.1')
      const with1 = withDrain(others, drain(place))!
      t.truthy(drainOf(with1, WEB, server))
      t.is(drainOf(withoutDrain(with1, place), WEB, server), null)
      t.deepEqual(withoutDrain(with1, place), others)
    }),
  )
})
