/** What a run shows: a line an event, a line a host on a terminal, an object a line with --json. */
import test from 'ava'
import { Reporter } from '../../../src/deploy/io/report.js'

function shown(terminal: { isTerminal: boolean; json: boolean }): { reporter: Reporter; text: () => string } {
  let text = ''
  const out = (piece: string): void => {
    text += piece
  }
  return { reporter: new Reporter({ out, verbose: false, ...terminal }, 'r1'), text: () => text }
}

const event = (host: string, status: 'begin' | 'progress' | 'ok' | 'failed', detail: string) =>
  ({ host, virtual: null, step: 'drain', status, detail }) as const

test('off a terminal each event is a line, and what begins is not', t => {
  const { reporter, text } = shown({ isTerminal: false, json: false })
  reporter.say(event('web1', 'begin', ''))
  reporter.say(event('web1', 'progress', 'weight 0 active 14'))
  reporter.say(event('web1', 'ok', ''))
  t.regex(text(), /^\d\d:\d\d:\d\d web1 drain weight 0 active 14\n\d\d:\d\d:\d\d web1 drain ok\n$/)
})

test('on a terminal the line of a host is rewritten, and a failure stays above', t => {
  const { reporter, text } = shown({ isTerminal: true, json: false })
  reporter.say(event('web1', 'progress', 'active 14'))
  reporter.say(event('web2', 'progress', 'active 3'))
  reporter.say(event('web1', 'failed', 'not drained'))
  const last = text().split('\x1b[J').at(-1)!
  t.true(text().endsWith(last))
  t.regex(
    last,
    /^\S+ web1 drain failed not drained\n\S+ web1 drain failed not drained\n\S+ web2 drain active 3\n$/,
  )
  t.true(text().includes('\x1b[2A\x1b[J'), 'two lines were taken back')
})

test('what a host said cannot steer the terminal, and --json gives it as it is', t => {
  const plain = shown({ isTerminal: false, json: false })
  plain.reporter.say(event('web1', 'failed', 'a\x1b[2Jb\nc'))
  t.true(plain.text().endsWith('web1 drain failed a?[2Jb?c\n'))
  const json = shown({ isTerminal: false, json: true })
  json.reporter.say(event('web1', 'failed', 'a\nb'))
  t.like(JSON.parse(json.text()), {
    run: 'r1',
    host: 'web1',
    step: 'drain',
    status: 'failed',
    detail: 'a\nb',
  })
})
