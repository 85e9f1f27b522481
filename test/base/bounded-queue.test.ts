import test from 'ava'
import fc from 'fast-check'
import { BoundedQueue } from '../../src/base/bounded-queue.js'

test('a bounded queue gives back in order what it accepted, and refuses at its limit', t => {
  const command = fc.oneof(fc.record({ push: fc.integer() }), fc.constant('shift' as const))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(command, { maxLength: 200 }), (limit, commands) => {
      const queue = new BoundedQueue<number>(limit)
      const model: number[] = []
      let refused = 0
      for (const step of commands) {
        if (step === 'shift') t.is(queue.shift(), model.shift())
        else if (model.length < limit) {
          t.true(queue.push(step.push))
          model.push(step.push)
        } else {
          t.false(queue.push(step.push))
          refused++
        }
        t.is(queue.length, model.length)
        t.is(queue.refused, refused)
      }
    }),
  )
})
