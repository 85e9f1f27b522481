import test from 'ava'
import { sizeYoungGeneration, youngBytes } from '../../../src/ldirectord/io/young-generation.js'

const MEGABYTE = 1024 * 1024

/** Objects of which the newest survive, as checks that are under way do. */
function work(): void {
  let underWay: { readonly place: number }[] = []
  for (let place = 0; place < 2_000_000; place++) {
    underWay.push({ place })
    if (underWay.length > 30_000) underWay = []
  }
}

test('the young generation is given room at once, and work that would make it grow further does not', t => {
  sizeYoungGeneration()
  const given = youngBytes()
  t.true(given >= 4 * MEGABYTE && given <= 8 * MEGABYTE, `${given}`)
  work()
  t.is(youngBytes(), given)
})
