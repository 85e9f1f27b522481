// An ipvsadm that is busy, fails or hangs: a program of the test plays it, which notes each call.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Edit, ServiceKey } from '../../../../../src/ldirectord/core/table.js'
import { ipvsForwarder } from '../../../../../src/ldirectord/forwarders/ipvs.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

const signal = new AbortController().signal
const key: ServiceKey = { protocol: 'tcp', family: 4, address: '10.0.0.1', port: 80 }
const add = (host: number): Edit => ({
  kind: 'addDestination',
  key,
  destination: { address: `10.0.1.${host}`, port: 80, method: 'masq', weight: 1, upper: 0, lower: 0 },
})
const edits = (count: number): Edit[] => Array.from({ length: count }, (_, at) => add(at + 1))

/** @param body shell: what is done for a call; $1 is its first word, $CALLS a file with a line for each call */
function played(t: ExecutionContext, body: string, timeoutMs?: number) {
  const folder = temporaryFolder(t)
  const [program, calls] = [join(folder, 'ipvsadm'), join(folder, 'calls')]
  writeFileSync(calls, '')
  writeFileSync(
    program,
    `#!/bin/sh\nCALLS=${calls}\necho "$*" >> $CALLS\ncase $1 in\n-R) cat > /dev/null;;\nesac\n${body}\n`,
  )
  chmodSync(program, 0o755)
  const made = () => readFileSync(calls, 'utf8').split('\n').slice(0, -1)
  return { forwarder: ipvsForwarder(program, timeoutMs), program, calls: made }
}

const SERVICE = 'echo "-A -t 10.0.0.1:80 -s wlc"'

test('what a busy ipvsadm leaves out of a batch is tried once more by itself, and then nothing is reported', async t => {
  const { forwarder, calls } = played(
    t,
    `case $1 in
-R) echo "Resource temporarily unavailable" >&2;;
-S) ${SERVICE}; echo "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1";;
esac`,
  )
  const results = await forwarder.apply(edits(3), signal)
  t.deepEqual(
    results,
    edits(3).map(edit => ({ edit, error: null })),
  )
  const alone = calls().filter(call => call.startsWith('-a'))
  t.deepEqual(
    alone.map(call => /-r (\S+)/.exec(call)![1]),
    ['10.0.1.2:80', '10.0.1.3:80'],
  )
})

test('an ipvsadm that fails for good costs fifty calls a batch, and every edit says its command and the reason', async t => {
  const { forwarder, program, calls } = played(
    t,
    `case $1 in
-S) ${SERVICE};;
-L) ;;
*) echo "Memory allocation problem" >&2; exit 255;;
esac`,
  )
  const results = await forwarder.apply(edits(80), signal)
  t.is(calls().filter(call => call.startsWith('-a')).length, 50)
  t.is(
    results[79]!.error,
    `system(${program} -a -t 10.0.0.1:80 -x 0 -y 0 -r 10.0.1.80:80 -m -w 1) failed: Memory allocation problem`,
  )
  t.true(results.every(({ error }) => /failed: Memory allocation problem$/.test(error ?? '')))
})

test('an ipvsadm that hangs is ended and named; the rest of its batch does not wait for it as well', async t => {
  const { forwarder, calls } = played(
    t,
    `case $1 in
-R) exit 255;;
-S) ${SERVICE};;
-a) exec sleep 60;;
esac`,
    1_500,
  )
  const results = await forwarder.apply(edits(5), signal)
  t.is(calls().filter(call => call.startsWith('-a')).length, 1)
  for (const { error } of results) t.regex(error!, /failed: ipvsadm did not end within \d s$/)
  t.regex((await forwarder.apply([add(9)], signal))[0]!.error!, /failed: ipvsadm did not end within \d s$/)
  t.deepEqual((await forwarder.read(signal)).services.length, 1, 'it is asked again afterwards')
})

test('a table that ipvsadm cannot show is one sentence, for a load and for the numbers', async t => {
  const { forwarder } = played(t, 'exec sleep 60', 300)
  await t.throwsAsync(forwarder.read(signal), { message: /^ipvsadm did not end within \d s$/ })
  t.deepEqual(await forwarder.counters(signal), [])
  const failing = played(t, 'echo "ipvsadm: something else" >&2; exit 3')
  await t.throwsAsync(failing.forwarder.read(signal), { message: 'ipvsadm: something else' })
})
