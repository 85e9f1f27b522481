import test from 'ava'
import { adoptedTargets } from '../../../src/ldirectord/core/adopt.js'
import { desiredTable } from '../../../src/ldirectord/core/desired.js'
import { config, real, virtual } from '../sample-config.js'

const file = config([virtual('10.0.0.1:80', [real('10.0.1.1:80'), real('10.0.1.2:8080')])])
const never = (): boolean => false

test('a server that serves in the table is adopted, also one whose port the kernel replaced', t => {
  const table = desiredTable(file, () => true)
  t.deepEqual(adoptedTargets(file, table, never), [
    { virtual: 0, real: 0 },
    { virtual: 0, real: 1 },
  ])
})

test('a server at weight 0, by whatever hand, is not adopted', t => {
  const table = desiredTable(file, (_, index) => index === 0)
  t.deepEqual(adoptedTargets(file, table, never), [{ virtual: 0, real: 0 }])
})

test('a server with weight 0 in the file or under maintenance is not adopted', t => {
  const table = desiredTable(file, () => true)
  t.deepEqual(
    adoptedTargets(file, table, candidate => candidate.address === '10.0.1.1'),
    [{ virtual: 0, real: 1 }],
  )
  const resting = config([virtual('10.0.0.1:80', [real('10.0.1.1:80', { weight: 0 })])])
  t.deepEqual(adoptedTargets(resting, table, never), [])
})

test('nothing is adopted of a service that is not in the table', t => {
  t.deepEqual(adoptedTargets(file, { services: [] }, never), [])
})
