import test from 'ava'
import { executeActions } from '../../../src/ldirectord/core/execute.js'

test('a start starts every instance of the list, a stop stops it', t => {
  t.deepEqual(executeActions([], ['a.cf']), [{ config: 'a.cf', action: 'start' }])
  t.deepEqual(executeActions(['a.cf'], []), [{ config: 'a.cf', action: 'stop' }])
})

test('a reload stops those that left, reloads those that stay and starts the new ones', t => {
  t.deepEqual(executeActions(['a.cf', 'b.cf'], ['b.cf', 'c.cf']), [
    { config: 'a.cf', action: 'stop' },
    { config: 'b.cf', action: 'reload' },
    { config: 'c.cf', action: 'start' },
  ])
})
