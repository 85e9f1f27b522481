import test from 'ava'
import { nativeFault } from '../../../src/base/io/native.js'
import { inNode } from './in-node.js'

const native = nativeFault() === null ? test : test.skip
const scheduling = JSON.stringify(new URL('../../../src/base/io/scheduling.js', import.meta.url))

native('realtime scheduling takes effect in all threads or says that it is not permitted', async t => {
  const { fault, policies } = (await inNode(
    `import { scheduleRoundRobin } from ${scheduling}
     import { readdirSync, readFileSync } from 'node:fs'
     const fault = scheduleRoundRobin(1)
     const policy = thread => Number(
       readFileSync('/proc/self/task/' + thread + '/stat', 'latin1').split(') ').at(-1).split(' ')[38])
     console.log(JSON.stringify({ fault, policies: readdirSync('/proc/self/task').map(policy) }))`,
  )) as { fault: unknown; policies: number[] }
  if (fault === null) t.deepEqual([...new Set(policies.map(policy => policy & 0xff))], [2])
  else t.deepEqual(fault, { reason: 'sched_setscheduler: EPERM', code: 'EPERM' })
})

native('a process that goes before others starts children that do not', async t => {
  const { fault, own, child } = (await inNode(
    `import { scheduleAhead } from ${scheduling}
     import { execFileSync } from 'node:child_process'
     import { readFileSync } from 'node:fs'
     const nice = stat => Number(stat.split(') ').at(-1).split(' ')[16])
     const fault = scheduleAhead()
     const own = nice(readFileSync('/proc/self/stat', 'latin1'))
     const child = nice(execFileSync('cat', ['/proc/self/stat'], { encoding: 'latin1' }))
     console.log(JSON.stringify({ fault, own, child }))`,
  )) as { fault: { code: string } | null; own: number; child: number }
  if (fault === null) t.deepEqual({ own, child }, { own: -20, child: 0 })
  else t.regex(fault.code, /EPERM|EACCES|ERR_SYSTEM_ERROR/)
})
