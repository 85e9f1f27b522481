import { userInfo } from 'node:os'
import test from 'ava'
import { Children } from '../../../src/heartbeat/resources/children.js'

const { uid, gid, username } = userInfo()

function bench(...commands: string[]) {
  const said: string[] = []
  let wake: () => void = () => {}
  const children = new Children({
    env: { PATH: process.env.PATH ?? '', HA_CURHOST: 'alpha' },
    coresFolder: '/nonexistent',
    say: (level, text) => {
      said.push(`${level}: ${text.replace(/\d{2,}/g, 'N')}`)
      wake()
    },
    onRunning: () => wake(),
  })
  const programs = commands.map(command => {
    const [path = '', ...args] = command.split('|')
    return { ...{ command: args.at(-1) ?? path, path, args }, ...{ user: username, uid, gid } }
  })
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  return { children, programs, said, until }
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
