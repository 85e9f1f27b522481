import test from 'ava'
import { Paced } from '../../../src/base/io/paced.js'
import { VirtualClock } from '../../virtual-clock.js'

test('items come in order, each after the wait of the one before, and the source rests meanwhile', async t => {
  const seen: (number | string)[] = []
  let hasEnded: () => void = () => {}
  const ended = new Promise<void>(resolve => {
    hasEnded = resolve
  })
  const source = {
    pause: () => seen.push('pause'),
    resume: () => {
      seen.push('resume')
      hasEnded()
    },
  }
  const clock = new VirtualClock()
  const handle = (item: number): number => {
    seen.push(item)
    return (item % 2) * 1_000
  }
  const paced = new Paced<number>(source, handle, clock)
  paced.push([0, 1, 2])
  paced.push([3, 4])
  await clock.during(ended)
  t.deepEqual(seen, [0, 1, 'pause', 2, 3, 'pause', 4, 'resume'])
  t.is(clock.nowMs(), 2_000)
  paced.close()
})

test('nothing is handled after close, also when the handler closes', t => {
  const seen: number[] = []
  const source = { pause: () => t.fail('paused'), resume: () => t.fail('resumed') }
  const paced = new Paced<number>(source, item => {
    seen.push(item)
    paced.close()
    return 1
  })
  paced.push([1, 2, 3])
  t.deepEqual(seen, [1])
})
