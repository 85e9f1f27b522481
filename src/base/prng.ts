/**
 * Seeded chance (xoshiro128**, Blackman and Vigna 2018, seeded through splitmix32). Pure code never calls
 * Math.random: what a core decided can be replayed from the seed alone.
 */
import { assert } from './assert.js'

export interface Prng {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [min, max], both ends included. */
  between(min: number, max: number): number
  /** True with probability p (0 to 1). */
  chance(p: number): boolean
  /** One of the items; the list must not be empty. */
  pick<T>(items: readonly T[]): T
}

export function createPrng(seed: number): Prng {
  let mix = seed >>> 0
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()]
  const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k))
  const next = (): number => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotl(d, 11)
    return result / 0x1_0000_0000
  }
  return {
    next,
    between: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: p => next() < p,
    pick: items => {
      assert(items.length > 0, 'cannot pick from an empty list')
      return items[Math.floor(next() * items.length)]!
    },
  }
}
