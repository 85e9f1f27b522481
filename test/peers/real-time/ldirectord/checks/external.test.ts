// Checks that are programs: external, external-perl, ping. Real processes in a folder of their own.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import test from 'ava'
import { isAlive } from '../../../../../src/base/io/processes.js'
import type { Outcome, Probe } from '../../../../../src/ldirectord/checks/check.js'
import { ChildSlots } from '../../../../../src/ldirectord/checks/child-slots.js'
import { commandWords } from '../../../../../src/ldirectord/checks/external.js'
import { runCheck } from '../../../../../src/ldirectord/checks/run-check.js'
import { probeOf } from '../../../../ldirectord/checks/probe.js'
import { temporaryFolder } from '../../../../temporary-folder.js'
import { until } from '../../until.js'

const folder = temporaryFolder({ teardown: test.after.always })

const never = new AbortController().signal
const script = (name: string, body: string): string => {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}
const external = (checkcommand: string, changes: Partial<Probe> = {}): Promise<Outcome> =>
  runCheck(probeOf({ checktype: 'external', checkcommand, ...changes }), never)

test('an external check gets VSERVER VPORT RSERVER RPORT, and exit status 0 is up', async t => {
  const outcome = await external(script('four', 'echo "$# $@"'))
  t.deepEqual([outcome.code, outcome.detail], ['OK', 'exit status 0: 4 10.0.0.1 80 127.0.0.1 8080'])
})

test('another exit status is down, with what the program said', async t => {
  const outcome = await external(script('no', 'echo "queue is full" >&2; exit 3'))
  t.deepEqual([outcome.code, outcome.detail], ['EXIT', 'exit status 3: queue is full'])
})

test('blanks separate arguments unless a file of that name exists', async t => {
  const plain = script('words', 'echo "$1 $2"')
  const odd = script('with blank', 'echo odd')
  t.regex((await external(`${plain} --fast`)).detail, /--fast 10\.0\.0\.1$/)
  t.regex((await external(odd)).detail, /odd$/)
  t.deepEqual(commandWords('  /no/such  a\tb '), ['/no/such', 'a', 'b'])
  t.deepEqual(commandWords(' '), [])
})

test('no shell reads the command', async t => {
  const trace = join(folder, 'trace')
  const outcome = await external(`/bin/echo $(touch ${trace}) ; touch ${trace}`)
  t.is(outcome.detail, `exit status 0: $(touch ${trace}) ; touch ${trace} 10.0.0.1 80 127.0.0.1 8080`)
  t.false(existsSync(trace))
})

test('a program that cannot be run, or none, is an error of the check', async t => {
  t.regex((await external('/no/such/program')).detail, /\/no\/such\/program cannot be run: ENOENT/)
  t.regex((await external('')).detail, /empty/)
})

test('a program that does not end gets TERM at the deadline', async t => {
  const pidFile = join(folder, 'pid')
  const command = script('slow', `echo $$ > ${pidFile}; exec sleep 60`)
  const startedMs = performance.now()
  const outcome = await external(command, { timeoutMs: 1_500 })
  t.true(performance.now() - startedMs < 5_000)
  t.is(outcome.code, 'L7TOUT')
  const pid = Number(readFileSync(pidFile, 'latin1'))
  await until(() => !isAlive(pid))
  t.false(isAlive(pid))
})

test('an endless output does not fill the memory and ends with the deadline', async t => {
  const outcome = await external(script('yes', 'exec yes'), { timeoutMs: 300 })
  t.is(outcome.code, 'L7TOUT')
})

test('external-perl runs the file with perl, an edit counts at once, die is down', async t => {
  const file = join(folder, 'check.pl')
  const run = (): Promise<Outcome> =>
    runCheck(probeOf({ checktype: 'external-perl', checkcommand: file }), never)
  writeFileSync(file, 'exit($ARGV[3] == 8080 && @ARGV == 4 ? 0 : 1);')
  t.is((await run()).code, 'OK')
  writeFileSync(file, 'die "no\\n";')
  t.deepEqual([(await run()).code, (await run()).passed], ['EXIT', false])
})

test('ping: 127.0.0.1 and ::1 answer; a connect check of a UDP service is a ping', async t => {
  const outcome = await runCheck(probeOf({ checktype: 'ping' }), never)
  if (/cannot be run|not permitted|not allowed/.test(outcome.detail)) {
    t.log(`not tested here: ${outcome.detail}`)
    t.false(outcome.passed)
    return
  }
  t.deepEqual([outcome.code, outcome.detail], ['OK', 'echo reply'])
  t.is((await runCheck(probeOf({ checktype: 'connect', protocol: 'udp' }), never)).code, 'OK')
  if (existsSync('/proc/net/if_inet6'))
    t.is((await runCheck(probeOf({ checktype: 'ping', address: '::1' }), never)).code, 'OK')
})

test('ping: an address that nobody has does not answer within the deadline', async t => {
  const outcome = await runCheck(probeOf({ checktype: 'ping', address: '240.0.0.1', timeoutMs: 500 }), never)
  t.false(outcome.passed)
  t.true(['L4CON', 'L4TOUT', 'ERROR'].includes(outcome.code), outcome.code)
})

test('no more programs run at a time than there are slots; who waits too long leaves the queue', async t => {
  const slots = new ChildSlots(1)
  const release = await slots.take(never)
  const impatient = new AbortController()
  const refused = t.throwsAsync(slots.take(impatient.signal), { any: true })
  const order: string[] = []
  const second = slots.take(never).then(free => {
    order.push('second')
    return free
  })
  impatient.abort()
  await refused
  t.deepEqual(order, [])
  release()
  release() // giving back twice frees one slot only
  ;(await second)()
  ;(await slots.take(never))()
  t.deepEqual(order, ['second'])
})
