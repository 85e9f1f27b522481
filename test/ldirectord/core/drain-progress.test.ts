/** What IPVS really does with a quiesced server: docs of the kernel, and measured on Linux 6.1 (persistent 6: 129 s). */
import test from 'ava'
import { type DrainFacts, drainProgress } from '../../../src/ldirectord/core/drain-progress.js'

const facts = (over: Partial<DrainFacts> = {}): DrainFacts => ({
  activeConnections: 0,
  persistentSeconds: null,
  templates: 0,
  expiresQuiescentTemplates: false,
  hasWeight: false,
  ...over,
})

test('without persistence a server is drained when its last connection has ended', t => {
  t.like(drainProgress(facts()), { isDrained: true, seconds: 0 })
  t.like(drainProgress(facts({ activeConnections: 3 })), { isDrained: false, seconds: null })
})

test('a server that still has a weight is not drained however idle it is', t => {
  t.false(drainProgress(facts({ hasWeight: true })).isDrained)
})

test('bound clients count unless the kernel sends them elsewhere', t => {
  const bound = facts({ persistentSeconds: 300, templates: 2 })
  t.like(drainProgress(bound), { isDrained: false, seconds: 360 })
  t.true(drainProgress({ ...bound, expiresQuiescentTemplates: true }).isDrained)
})

test('a short persistence is not the time to wait: closed connections renew the template', t => {
  const { seconds } = drainProgress(facts({ persistentSeconds: 6, templates: 1 }))
  t.is(seconds, 180)
  t.true(seconds! >= 129, 'measured')
})

test('where bound clients cannot be counted nothing is promised', t => {
  t.like(drainProgress(facts({ persistentSeconds: 60, templates: null })), {
    isDrained: false,
    seconds: null,
  })
})
