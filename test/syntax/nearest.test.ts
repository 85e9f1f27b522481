import test from 'ava'
import { editDistance, nearest } from '../../src/syntax/nearest.js'

test('distance counts insertions, deletions, replacements and swaps of neighbours', t => {
  t.is(editDistance('deadtime', 'deadtime'), 0)
  t.is(editDistance('daedtime', 'deadtime'), 1)
  t.is(editDistance('', 'abc'), 3)
  t.is(editDistance('kitten', 'sitting'), 3)
})

test('a mistyped word finds its neighbour, a foreign one finds nothing', t => {
  const words = ['keepalive', 'deadtime', 'warntime', 'IPaddr', 'IPaddr2']
  t.is(nearest('keepalvie', words), 'keepalive')
  t.is(nearest('IPAddr2', words), 'IPaddr2')
  t.is(nearest('zebra', words), null)
})
