import test from 'ava'
import type { AgentContext } from '../../src/agents/agent.js'
import { ipaddr2 } from '../../src/agents/ipaddr.js'
import { builtinAgents } from '../../src/agents/table.js'
import { temporaryFolder } from '../temporary-folder.js'

function world(t: { teardown: (end: () => void) => void }): AgentContext {
  const root = temporaryFolder(t)
  return {
    paths: { haDir: root, varLib: root, varRun: root, varLog: root },
    env: { PATH: process.env.PATH ?? '' },
    signal: new AbortController().signal,
    log: () => {},
  }
}

test('a loopback address is held after start and not after stop, without any privilege', async t => {
  const context = world(t)
  const run = async (action: string): Promise<[number, string]> => {
    const { exitCode, output } = await ipaddr2.run(['127.0.0.20'], action, context)
    return [exitCode, output]
  }
  // Outputs and exit codes measured on the wrapper of heartbeat 3.0.6, in this order.
  t.deepEqual(await run('status'), [7, 'INFO:  Resource is stopped\n'])
  t.deepEqual(await run('start'), [0, 'INFO:  Success\n'])
  t.deepEqual(await run('start'), [0, 'INFO:  Success\n'])
  t.deepEqual(await run('status'), [0, 'INFO:  Running OK\n'])
  t.deepEqual(await run('monitor'), [0, 'INFO:  Running OK\n'])
  t.deepEqual(await run('stop'), [0, 'INFO:  Success\n'])
  t.deepEqual(await run('stop'), [0, 'INFO:  Success\n'])
  t.deepEqual(await run('status'), [7, 'INFO:  Resource is stopped\n'])
})

test('an unknown action and a missing argument get the usage line and exit code 1', async t => {
  const context = world(t)
  const unknown = await ipaddr2.run(['127.0.0.20'], 'foo', context)
  t.is(unknown.exitCode, 1)
  t.regex(unknown.output, /^ERROR: Unknown operation: foo\nusage: IPaddr2 ip-address/)
  t.is((await ipaddr2.run([], 'start', context)).exitCode, 1)
})

test('an argument that is no address is refused with exit code 6', async t => {
  const outcome = await ipaddr2.run(['foo'], 'start', world(t))
  t.is(outcome.exitCode, 6)
  t.regex(outcome.output, /wants an IPv4 address .* found "foo"/)
})

test('the names of the table are those that haresources uses', t => {
  t.deepEqual([...builtinAgents.keys()].toSorted(), [
    ...[
      'Delay',
      'Filesystem',
      'IPaddr',
      'IPaddr2',
      'IPsrcaddr',
      'IPv6addr',
      'LVSRealServer',
      'LVSSyncDaemonSwap',
      'MailTo',
      'OCF',
    ],
    ...['SendArp', 'apache', 'ldirectord', 'portblock'],
  ])
})
