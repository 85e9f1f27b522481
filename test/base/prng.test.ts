import test from 'ava'
import { createPrng } from '../../src/base/prng.js'

test('the same seed gives the same chance, another seed another', t => {
  const draw = (seed: number): number[] => {
    const random = createPrng(seed)
    return Array.from({ length: 20 }, () => random.between(0, 1_000_000))
  }
  t.deepEqual(draw(7), draw(7))
  t.notDeepEqual(draw(7), draw(8))
})

test('between reaches both ends, stays within them and is roughly even', t => {
  const random = createPrng(1)
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 8000; i++) counts[random.between(3, 6) - 3]!++
  for (const count of counts) t.true(count > 1800 && count < 2200, `${counts}`)
})
