import { userInfo } from 'node:os'
import test from 'ava'
import { Children } from '../../../../../src/heartbeat/resources/children.js'

const { uid, gid, username } = userInfo()

function bench(...commands: string[]) {
  const said: string[] = []
  const reboots: string[] = []
  let wake: () => void = () => {}
  const children = new Children({
    env: () => ({ PATH: process.env.PATH ?? '', HA_CURHOST: 'alpha' }),
    coresFolder: '/nonexistent',
    say: (level, text) => {
      said.push(`${level}: ${text.replace(/\d{2,}/g, 'N')}`)
      wake()
    },
    onRunning: () => wake(),
    reboot: reason => {
      reboots.push(reason)
      wake()
    },
  })
  const programs = commands.map(command => {
    const [path = '', ...args] = command.split('|')
    return {
      ...{ command: args.at(-1) ?? path, path, args },
      ...{ user: username, uid, gid, isFailfast: false },
    }
  })
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  return { children, programs, said, until, reboots }
}

test('exit code 100 is not started again; the environment is the one of scripts', async t => {
  const { children, programs, said, until } = bench('/bin/sh|-c|test "$HA_CURHOST" = alpha && exit 100')
  children.start(programs)
  await until(() => said.some(line => line.includes('exited')))
  await children.end()
  t.regex(said.at(-2) ?? '', /^WARN: Managed .* exited with return code N\.$/)
  t.regex(said.at(-1) ?? '', /^info: client \[.*\] is not running\.$/)
  t.false(said.some(line => line.startsWith('ERROR')))
})

test('the last program is ended first, with all that it has started, and one that ignores it is killed', async t => {
  const { children, programs, said } = bench(
    '/bin/sleep|100',
    '/bin/sh|-c|trap "" TERM; sleep 100; sleep 100',
  )
  children.start(programs)
  await children.end()
  const killed = said.filter(line => line.startsWith('info: killing'))
  t.regex(killed[0] ?? '', /trap/)
  t.regex(killed[1] ?? '', /killing N process group N with signal N/)
})

test('a program that cannot be started is said, and does not end the others', async t => {
  const { children, programs, said, until } = bench('/nonexistent/program', '/bin/sleep|100')
  children.start(programs)
  await until(() => said.some(line => line.startsWith('ERROR: Respawning')))
  await children.end()
  t.true(said.some(line => line.startsWith('ERROR: /nonexistent/program cannot be started')))
  t.true(said.some(line => line.startsWith('info: killing')))
})

test('a program of failfast reboots the machine when it fails or is killed, not when it ends well or is ended', async t => {
  const { children, programs, until, reboots, said } = bench(
    '/bin/sh|-c|exit 3',
    '/bin/sh|-c|kill -9 $$',
    '/bin/sh|-c|exit 100',
    '/bin/sh|-c|exit 0',
    '/bin/sleep|100',
    '/nonexistent/program',
  )
  children.start(programs.map(program => ({ ...program, isFailfast: true })))
  await until(() => reboots.length >= 3 && said.some(line => line.endsWith('return code 0.')))
  await children.end()
  t.deepEqual([...new Set(reboots)].sort(), ['exit 100', 'exit 3', 'kill -9 $$'])
})

test('a program of respawn never reboots the machine', async t => {
  const { children, programs, until, reboots, said } = bench('/bin/sh|-c|exit 3')
  children.start(programs)
  await until(() => said.some(line => line.includes('exited')))
  await children.end()
  t.deepEqual(reboots, [])
})
