import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { apache } from '../../../../src/agents/apache.js'
import { world } from '../../../agents/world.js'

test('apache is started once, answers to monitor, and is ended by signals', async t => {
  const context = world(t)
  const { root } = context
  // Stands in for httpd: forks like it, writes the pid file, ends at SIGTERM or SIGWINCH.
  context.program(
    'httpd',
    `echo "$*" >> ${root}/calls
exec python3 - ${root}/httpd.pid <<'PYTHON'
import os, signal, sys, time
if os.fork(): sys.exit(0)
os.setsid()
for fd in range(3): os.dup2(os.open('/dev/null', os.O_RDWR), fd)
signal.signal(signal.SIGWINCH, lambda *_: os._exit(0))
open('/proc/self/comm', 'w').write('httpd')
open(sys.argv[1], 'w').write(str(os.getpid()))
time.sleep(30)
PYTHON`,
  )
  const config = join(root, 'apache.conf')
  writeFileSync(config, `PidFile ${root}/httpd.pid\n`)
  const run = async (action: string) => (await apache.run([config], action, context)).exitCode
  t.deepEqual(
    [await run('status'), await run('start'), await run('start'), await run('status')],
    [7, 0, 0, 0],
  )
  t.deepEqual([await run('monitor'), await run('stop'), await run('stop'), await run('status')], [0, 0, 0, 7])
})
