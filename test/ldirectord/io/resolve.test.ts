import { readdirSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { passing } from '../../../src/base/io/real-clock.js'
import { link, originalReport } from '../../../src/ldirectord/config/link.js'
import { parse } from '../../../src/ldirectord/config/parse.js'
import { resolveQuestions } from '../../../src/ldirectord/io/resolve.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { VirtualClock } from '../../virtual-clock.js'

const never = new AbortController().signal
const FILE = 'ldirectord.cf'

async function linked(text: string) {
  const tree = parse(text, FILE)
  return link(tree, await resolveQuestions(tree.questions, never))
}

test('names of /etc/hosts and of /etc/services become addresses and ports', async t => {
  const { config } = await linked('virtual=localhost:http\n\treal=localhost:8080 masq\n')
  t.deepEqual(config?.virtuals[0]?.key, { protocol: 'tcp', family: 4, address: '127.0.0.1', port: 80 })
  t.is(config?.virtuals[0]?.reals[0]?.address, '127.0.0.1')
})

test('a file of literal addresses asks nothing', t => {
  const text = 'fallback=127.0.0.1:80\nvirtual6=[fd00::1]:80\n\treal6=[fd00::2]:80 gate\n\tfallback6=[::1]\n'
  t.deepEqual(parse(text, FILE).questions, [])
})

test('each name is asked once for each family', t => {
  const text =
    'virtual=a.b:80\n\treal=a.b->c.d:80 gate\n\treal=c.d gate\n\nvirtual6=a.b:80\n\treal6=a.b gate\n'
  t.deepEqual(parse(text, FILE).questions, [
    { kind: 'host', family: 4, name: 'a.b' },
    { kind: 'host', family: 4, name: 'c.d' },
    { kind: 'host', family: 6, name: 'a.b' },
  ])
})

test('an aborted reading answers every question at once, and says why', async t => {
  const tree = parse('virtual=a.invalid:80\n\treal=b.invalid:80 gate\n', FILE)
  const { answers } = await resolveQuestions(tree.questions, AbortSignal.abort())
  t.deepEqual([...answers.values()], [{ failed: 'stopped' }, { failed: 'stopped' }])
})

test('names that resolve slowly, or not at all, are each told within the deadline, and the others are known', async t => {
  const tree = parse(
    'virtual=fast:80\n\treal=slow:80 gate\n\treal=never:80 gate\n\treal=nowhere:80 gate\n',
    FILE,
  )
  const clock = new VirtualClock()
  const asked = resolveQuestions(tree.questions, never, {
    clock,
    deadlineMs: 10_000,
    lookUp: async name => {
      if (name === 'fast') return { value: '127.0.0.1' }
      if (name === 'nowhere') return { failed: 'not found' }
      // It comes in time, the other one never.
      if (name === 'slow') return passing(clock, 9_900).then(() => ({ value: '127.0.0.2' }))
      return new Promise(() => {})
    },
  })
  const { answers } = await clock.during(asked)
  t.is(clock.nowMs(), 10_000)
  t.deepEqual(Object.fromEntries(answers), {
    'host4 fast': { value: '127.0.0.1' },
    'host4 slow': { value: '127.0.0.2' },
    'host4 never': { failed: 'no answer within 10 s' },
    'host4 nowhere': { failed: 'not found' },
  })
})

test('questions beyond the limit are not asked', async t => {
  const tree = parse('virtual=localhost:80\n\treal=b.invalid:80 gate\n', FILE)
  const { answers } = await resolveQuestions(tree.questions, never, { questionsMax: 1 })
  t.deepEqual([...answers.values()], [{ failed: 'more than 1 names in one file' }, { value: '127.0.0.1' }])
})

test('without /etc/services numbers are known and names are not', async t => {
  const { services } = await resolveQuestions([], never, { servicesFile: '/nonexistent/services' })
  t.is(services.port('80', 'tcp'), 80)
  t.is(services.port('http', 'tcp'), null)
})

test('a log or monitor file is tested without being made', async t => {
  const folder = temporaryFolder(t)
  writeFileSync(`${folder}/there`, '')
  const accepted = await linked(`logfile="${folder}/there"\nvirtual=5\n\tmonitorfile=${folder}/new\n`)
  t.not(accepted.config, null)
  t.deepEqual(readdirSync(folder), ['there'])
  const refused = await linked(`virtual=5\n\tmonitorfile=${folder}/no/where\n`)
  t.deepEqual(originalReport(refused, FILE, 7), [
    `Error [7] reading file ${FILE} at line 2: unable to open monitorfile ${folder}/no/where: No such file or directory`,
  ])
  const directory = await linked(`logfile="${folder}"\n`)
  t.deepEqual(originalReport(directory, FILE, 7), [
    `Error [7] reading file ${FILE} at line 1: unable to open logfile: ${folder}`,
  ])
})

test('a maintenance directory that is not there is a warning', async t => {
  const { config, diagnostics } = await linked('maintenancedir=/nonexistent/maintenance\n')
  t.not(config, null)
  t.deepEqual(
    diagnostics.map(({ code, severity }) => `${severity} ${code}`),
    ['warning no-directory'],
  )
})
