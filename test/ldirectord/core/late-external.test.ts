/** The line is the one that was recorded from ldirectord 4.12 (case 10-external). */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { failed, passed } from '../../../src/ldirectord/checks/check.js'
import { lateExternal } from '../../../src/ldirectord/core/late-external.js'
import { plannedChecks } from '../../../src/ldirectord/core/probe.js'
import { config, real, virtual } from '../sample-config.js'

const RECORDED = 'test/peers/rig/ldirectord-oracle/cases/10-external/expected.json'

test('an external check that has not ended in time is logged in the words of the original, and nothing else is', t => {
  const web = virtual('127.0.1.1:80', [real('127.0.2.2:80')], {
    checktype: 'external',
    checkcommand: '/mnt/bin/check.sh',
    checktimeout: 2,
  })
  const [check] = plannedChecks(config([web]))
  const late = failed('L7TOUT', 'no complete answer within 2 s')
  const line = lateExternal(web, check!.probe, late)
  t.true(readFileSync(RECORDED, 'utf8').includes(`] ${line}"`), line ?? 'nothing')
  t.is(lateExternal(web, check!.probe, passed('exit status 0')), null)
  t.is(lateExternal(web, check!.probe, 'maintenance'), null)
  t.is(lateExternal({ ...web, checktype: 'connect' }, check!.probe, late), null)
})
