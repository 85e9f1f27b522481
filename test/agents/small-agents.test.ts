// Delay, SendArp and MailTo, and the frame that they share.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { announce } from '../../src/agents/announce.js'
import { cancelAnnouncements } from '../../src/agents/announcements.js'
import { delay, planDelay } from '../../src/agents/delay.js'
import { mailTo } from '../../src/agents/mailto.js'
import { headerText, parseRecipients, planMail } from '../../src/agents/mailto-plan.js'
import { parseAnnouncement, sendArp } from '../../src/agents/sendarp.js'
import { builtinAgents } from '../../src/agents/table.js'
import { hastyClock, VirtualClock } from '../virtual-clock.js'
import { world } from './world.js'

test('Delay waits 20 s and 30 s when nothing is said, as measured on the original', t => {
  t.deepEqual(planDelay([]), { startMs: 20_000, stopMs: 30_000, instance: '10' })
  t.deepEqual(planDelay(['1']), { startMs: 1_000, stopMs: 30_000, instance: '1' })
  t.deepEqual(planDelay(['0.5', '2']), { startMs: 500, stopMs: 2_000, instance: '0.5' })
})

test('Delay refuses what is no number of seconds, and what outlasts the deadline of a start', t => {
  for (const word of ['x', '-1', '2s', '', '1e3', '600']) t.true('problem' in planDelay([word]), word)
})

test('Delay is running between its start and its stop, under the state file of the original', async t => {
  const clock = new VirtualClock()
  const context = { ...world(t), clock }
  const run = async (action: string) =>
    (await clock.during(delay.run(['20', '30'], action, context))).exitCode
  t.deepEqual(
    [await run('status'), await run('start'), await run('start'), await run('status')],
    [7, 0, 0, 0],
  )
  t.is(clock.nowMs(), 20_000, 'the second start finds it started')
  t.true(existsSync(join(context.root, 'resource-agents', 'Delay_Delay_20')))
  t.deepEqual([await run('monitor'), await run('stop'), await run('stop'), await run('status')], [0, 0, 0, 7])
  t.is(clock.nowMs(), 50_000)
})

test('a delay that is ended from outside is a failure, and its state stays as it was', async t => {
  const stopping = new AbortController()
  const context = { ...world(t), signal: stopping.signal }
  const starting = delay.run(['60'], 'start', context)
  stopping.abort()
  t.is((await starting).exitCode, 1)
  t.is((await delay.run(['60'], 'status', context)).exitCode, 7)
})

test('SendArp wants an address and an interface', t => {
  t.deepEqual(parseAnnouncement('10.77.0.100/eth0'), { address: '10.77.0.100', nic: 'eth0' })
  for (const text of ['10.77.0.100', 'foo/eth0', '10.0.0.1/24/eth0', '10.0.0.1/-x', ''])
    t.true('problem' in parseAnnouncement(text), text)
})

test('a stop of SendArp with a wrong argument is a success: nothing was started', async t => {
  t.is((await sendArp.run(['foo/eth0'], 'stop', world(t))).exitCode, 0)
  t.is((await sendArp.run(['foo/eth0'], 'start', world(t))).exitCode, 2)
})

test('the mail has the subject of the original', t => {
  const here = { node: 'vm', date: 'Sat Nov 21 04:40:04 UTC 2026' }
  // Recorded with a mail command that prints its arguments.
  t.is(
    planMail(['root'], 'Subj', 'start', here).subject,
    'Subj Takeover in progress at Sat Nov 21 04:40:04 UTC 2026 on vm',
  )
  t.is(planMail(['root'], 'Resource Group', 'stop', here).subject, 'Resource Group Migrating resource away at Sat Nov 21 04:40:04 UTC 2026 from vm') // biome-ignore format: one claim
})

test('nothing in a recipient or a subject can add a header line', t => {
  t.deepEqual(parseRecipients('root@a, b@c'), ['root@a', 'b@c'])
  for (const text of ['', ' , ', '-oQ/tmp', 'a@b;c', '"x"@y', 'a@b\0'])
    t.true('problem' in parseRecipients(text), text)
  t.deepEqual(parseRecipients('a@b\nBcc:'), { problem: 'MailTo wants addresses such as root or ops@example.org; found "Bcc:"' }) // biome-ignore format: one claim
  const { mail } = planMail(['root'], 'x\r\nBcc: victim@example.org', 'start', { node: 'n', date: 'd' })
  const [headers = ''] = mail.split('\n\n')
  t.false(/^Bcc:/m.test(headers))
  t.is(mail.match(/\r/), null)
})

test('a subject that is not ASCII is written as encoded words of at most 75 characters', t => {
  const text = 'Übernahme der Gruppe '.repeat(8)
  const words = headerText(text).split('\n ')
  t.true(words.length > 1 && words.every(word => word.length <= 75))
  const decoded = words.map(word => Buffer.from(word.slice('=?UTF-8?B?'.length, -2), 'base64').toString())
  t.is(decoded.join(''), text)
})

test('MailTo mails once at start and once at stop, and says running in between', async t => {
  const context = world(t, { HA_CURHOST: 'alpha' })
  context.program('sendmail', `{ echo "args: $*"; cat; } >> ${context.root}/mails`)
  const run = (action: string) => mailTo.run(['root,ops@example.org', 'Web'], action, context)
  t.deepEqual(await run('status'), { exitCode: 7, output: 'stopped\nINFO:  Resource is stopped\n' })
  t.is((await run('stop')).exitCode, 0)
  for (const action of ['start', 'start']) t.is((await run(action)).exitCode, 0)
  t.deepEqual(await run('status'), { exitCode: 0, output: 'running\nINFO:  Running OK\n' })
  for (const action of ['stop', 'stop']) t.is((await run(action)).exitCode, 0)
  const mails = readFileSync(join(context.root, 'mails'), 'utf8')
  t.deepEqual(mails.match(/^args: .*/gm), ['args: -t -i', 'args: -t -i'])
  t.regex(mails, /^To: root,\n ops@example.org\nSubject: Web Takeover in progress at \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \S+ \d{4} on alpha$/m) // biome-ignore format: one pattern
  t.regex(mails, /^Subject: Web Migrating resource away at .* from alpha$/m)
  t.deepEqual(context.logged, [])
})

test('a mailer that fails is one warning, and the group moves all the same', async t => {
  const context = world(t)
  context.program('sendmail', 'echo "queue is full" >&2; exit 75')
  t.is((await mailTo.run(['root'], 'start', context)).exitCode, 0)
  t.deepEqual(context.logged, ['WARNING MailTo: no mail to root: queue is full'])
  t.is((await mailTo.run([''], 'start', context)).exitCode, 6)
})

test('every agent with meta-data describes itself as XML that names its actions', async t => {
  for (const name of [
    'Delay',
    'MailTo',
    'SendArp',
    'Filesystem',
    'portblock',
    'apache',
    'IPv6addr',
    'IPsrcaddr',
    'LVSSyncDaemonSwap',
    'LVSRealServer',
  ]) {
    const outcome = await builtinAgents.get(name)?.run([], 'meta-data', world(t))
    t.is(outcome?.exitCode, 0, name)
    t.regex(outcome?.output ?? '', new RegExp(`<resource-agent name="${name}" version="1.0">`))
    for (const action of ['start', 'stop', 'status', 'monitor', 'meta-data'])
      t.true(outcome?.output.includes(`<action name="${action}" `), `${name} ${action}`)
  }
})

test('an unknown action and a wrong number of arguments get the usage line and exit code 1', async t => {
  const unknown = await delay.run(['1'], 'foo', world(t))
  t.is(unknown.exitCode, 1)
  t.regex(unknown.output, /^ERROR: Unknown operation: foo\nusage: Delay \[delay \[stopdelay\]\] /)
  t.is((await delay.run(['1', '2', '3'], 'start', world(t))).exitCode, 1)
  t.is((await mailTo.run([], 'start', world(t))).exitCode, 1)
})

test('every agent describes itself, and judges its arguments without acting', async t => {
  const words = new Map([
    ...[
      ['IPaddr', '10.0.0.1/24'],
      ['IPaddr2', '10.0.0.1/24/eth0'],
      ['IPv6addr', '2001:db8::1'],
    ],
    ...[
      ['IPsrcaddr', '10.0.0.1'],
      ['SendArp', '10.0.0.1/eth0'],
      ['MailTo', 'root'],
      ['Delay', '5'],
    ],
    ...[
      ['Filesystem', '/dev/sdz1 /srv ext4'],
      ['portblock', 'tcp 80 block'],
      ['LVSSyncDaemonSwap', 'master'],
      ['LVSRealServer', '10.0.0.100 tunl0'],
    ],
    ...[
      ['ldirectord', ''],
      ['apache', '/nonexistent/httpd.conf'],
    ],
  ] as [string, string][])
  for (const [name, agent] of builtinAgents) {
    if (name === 'OCF') continue // passes both on to the agent that it runs
    const args = (words.get(name) ?? 'missing').split(' ').filter(word => word !== '')
    const described = await agent.run([], 'meta-data', world(t))
    t.is(described.exitCode, 0, name)
    t.regex(
      described.output,
      new RegExp(`^<\\?xml [^]*<resource-agent name="${name}"[^]*</resource-agent>\n$`),
    )
    t.regex(described.output, /<action name="(?:validate-all|status)"/)
    const judged = await agent.run(args, 'validate-all', world(t))
    t.is(judged.exitCode, name === 'apache' ? 5 : 0, `${name} ${judged.output}`)
  }
  for (const [line, exitCode] of [
    ['IPaddr2 foo', 6],
    ['IPaddr foo', 6],
    ['IPaddr 10.0.0.1/99', 1],
    ['IPv6addr zzz', 2],
    ['SendArp 10.0.0.1', 2],
    ['Delay soon', 2],
    ['portblock tcp 80 shut', 2],
    ['ldirectord nosuch.cf', 6],
  ] as const) {
    const [name = '', ...args] = line.split(' ')
    t.is((await builtinAgents.get(name)?.run(args, 'validate-all', world(t)))?.exitCode, exitCode, line)
  }
})

test('an address is announced as often as ha.cf says, and no more once it is stopped', async t => {
  const w = world(t)
  w.program('arping', `echo "$*" >> ${w.root}/announced`)
  const announced = () =>
    existsSync(`${w.root}/announced`) ? readFileSync(`${w.root}/announced`, 'utf8') : ''
  // There is no such interface, so that the raw socket fails and the program is asked.
  await announce('nosuch0', '10.9.9.9', 'x', {
    ...w,
    clock: hastyClock,
    announcements: { count: 3, everyMs: 200 },
  })
  t.is(announced(), '-U -c 1 -w 1 -I nosuch0 10.9.9.9\n'.repeat(3))
  const all = announce('nosuch0', '10.9.9.9', 'x', {
    ...w,
    clock: hastyClock,
    announcements: { count: 100, everyMs: 200 },
  })
  t.true(cancelAnnouncements('10.9.9.9'))
  await all
  t.true(announced().split('\n').length <= 5)
})
