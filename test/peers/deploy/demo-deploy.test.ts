/** `npm run demo:deploy`: a release and a rollback through the demo cluster, under load, without one failed request. */

import { temporaryFolder } from '../../temporary-folder.js'
import { bin, run } from '../harness.js'
import { peerTest } from '../require.js'

const test = peerTest('root', 'openssh-server', 'procps')

test('through the demo cluster a release and the rollback of a broken one fail no request, and nothing is left running', async t => {
  const state = temporaryFolder(t)
  const words = [bin('demo-deploy'), '--state', state, '--net', `127.${224 + (process.pid % 30)}`]
  const shown = await run(process.execPath, words, { timeoutMs: 150_000 })
  t.is(shown.exitCode, 0, shown.stdout + shown.stderr)
  t.regex(shown.stdout, /released under load: 0 of [1-9]\d+ requests failed/)
  t.regex(shown.stdout, /real1 .* rolledBack +gate: status 500\n.*real2 .* untouched/)
  t.regex(shown.stdout, /status 5: the servers have version 2, version 2, version 2\n/)
  t.regex(shown.stdout, /in all 0 of \d{3,} requests failed/)
  const left = await run('pgrep', ['-f', state])
  t.is(left.stdout, '')
})
