/** A drain as an administrator writes it. */
import type { Drain } from '../../../src/ldirectord/core/drain.js'

export const drain = (over: Partial<Drain> = {}): Drain => ({
  address: '10.0.1.1',
  port: 80,
  virtual: null,
  who: 'ann',
  reason: 'kernel',
  sinceMs: 1_000,
  untilMs: null,
  ...over,
})
