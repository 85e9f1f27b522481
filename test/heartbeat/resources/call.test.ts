import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { announceRepeatedly, cancelAnnouncements } from '../../../src/agents/announcements.js'
import { type CallWorld, callResource } from '../../../src/heartbeat/resources/call.js'
import { temporaryFolder } from '../../temporary-folder.js'

test('a stop by a script of the administrator ends our announcements of the address', async t => {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'resource.d'))
  writeFileSync(join(root, 'resource.d/IPaddr2'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const world: CallWorld = {
    paths: { haDir: root, varLib: root, varRun: root, varLog: root },
    env: { PATH: '/usr/bin:/bin' },
    ending: new AbortController().signal,
    timeoutMs: { start: 5_000, stop: 5_000, status: 5_000, monitor: 5_000 },
    announcements: { count: 100, everyMs: 60_000 },
    log: () => {},
  }
  const announcement = { address: '10.66.0.1', instance: 'x', once: async () => true, otherwise: '' }
  void announceRepeatedly(announcement, { ...world, signal: world.ending })
  const text = 'IPaddr2::10.66.0.1/24/eth0'
  const resource = { text, script: 'IPaddr2', args: ['10.66.0.1/24/eth0'] }
  t.is((await callResource(resource, 'stop', world)).exitCode, 0)
  t.false(cancelAnnouncements('10.66.0.1'), 'none are under way any more')
})
