import test from 'ava'
import { limitations } from '../../../src/ldirectord/core/limitations.js'
import { config, real, virtual } from '../sample-config.js'

const file = (over: Parameters<typeof virtual>[2]) =>
  config([virtual('10.0.0.1:25', [real('10.0.1.1:25')], over)])

test('a file that asks for nothing special has no limitations', t => {
  t.deepEqual(limitations(file({ checktype: 'negotiate', service: 'http' }), ['http']), [])
})

test('a negotiate check that does not exist is named with its virtual; connect to the same service is fine', t => {
  const [sentence] = limitations(file({ checktype: 'negotiate', service: 'smtp' }), ['http'])
  t.regex(sentence!, /virtual 10\.0\.0\.1:25: .*service=smtp/)
  t.deepEqual(limitations(file({ checktype: 'connect', service: 'smtp' }), ['http']), [])
})
