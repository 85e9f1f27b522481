/**
 * Plays a file of recorded commands (packaged-tools.txt and its like) on two nodes and gives back what came out, so
 * that two kinds of daemon can be compared command by command.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type HaPair, project } from '../harness.js'

export const FILES = {
  'ha.cf': `logfile /var/log/ha-log
debugfile /var/log/ha-debug
keepalive 200ms
warntime 1
deadtime 2
initdead 10
udpport 694
ucast eth1 10.78.0.1
ucast eth1 10.78.0.2
ping 10.77.0.254
auto_failback off
node alpha beta
apiauth dopd uid=hacluster gid=haclient
respawn hacluster /usr/libexec/heartbeat/dopd
`,
  authkeys: 'auth 1\n1 sha1 tools-of-the-package\n',
  haresources: 'alpha lsblog::web\nbeta lsblog::db\nalpha lsblog::extra lsblog::more\n',
}

const PROGRAMS = `HB=/usr/libexec/heartbeat/heartbeat; S=/usr/share/heartbeat
L() { : >/run/debuglog; HA_DEBUGLOG=/run/debuglog "$@"; code=$?; cat /run/debuglog; return $code; }
`
/** What a loaded machine may need beyond the original's own time. */
const PATIENCE_MS = 8_000
const LOOK_EVERY_MS = 250

export interface Block {
  readonly node: string
  /** Seconds after which the original's answer was there; null: it is asked once. */
  readonly afterSeconds: number | null
  readonly codeOnly: boolean
  /** The daemon has no part in it. */
  readonly withoutDaemon: boolean
  readonly command: string
  /** The first line, as it stands in the file. */
  readonly head: string
  /** Comment and blank lines in front. */
  readonly before: string
  readonly answer: Answer
}

export interface Answer {
  readonly output: string
  readonly exitCode: number
}

const pathOf = (name: string): string => join(project, 'test/peers/tools', `${name}.txt`)
const HEAD = /^--- (alpha|beta) (?:~(\d+) |(rc|own) )?(.*)$/

export function readBlocks(name: string): Block[] {
  const blocks: Block[] = []
  let before: string[] = []
  let body: string[] = []
  let head: RegExpExecArray | null = null
  const finish = (): void => {
    if (!head) return
    const [line, node = '', seconds, word, command = ''] = head
    const rest = body.join('\n')
    const end = rest.lastIndexOf('rc=')
    const said = end < 0 ? '' : rest.slice(0, end)
    blocks.push({
      ...{ node, command, head: line, before: before.join('\n') },
      afterSeconds: seconds === undefined ? null : Number(seconds),
      codeOnly: word === 'rc',
      withoutDaemon: word === 'own',
      answer: { output: said, exitCode: Number.parseInt(rest.slice(end + 3), 10) },
    })
    // What stands behind the exit code belongs to the next block.
    before = end < 0 ? body : rest.slice(end).split('\n').slice(1)
    body = []
  }
  for (const line of readFileSync(pathOf(name), 'utf8').split('\n')) {
    const found = HEAD.exec(line)
    if (found) {
      if (head) finish()
      else before = body
      body = []
      head = found
    } else body.push(line)
  }
  finish()
  return blocks
}

export function writeBlocks(name: string, blocks: readonly Block[]): void {
  const texts = blocks.map(({ before, head, answer, codeOnly }) => {
    const lead = before === '' ? '' : `${before}\n`
    return `${lead}${head}\n${codeOnly ? '' : answer.output}rc=${answer.exitCode}\n`
  })
  writeFileSync(pathOf(name), texts.join(''))
}

/** Clock, process ids, uuids and builds differ from run to run. */
export function comparable(output: string): string {
  return output
    .replace(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /g, 'TIME ')
    .replace(/^\d{4}\/\d\d\/\d\d_[\d:]{8}\s+/gm, 'TIME ')
    .replace(/\[\d+\]/g, '[N]')
    .replace(/\b3\.0\.6 \([^)]*\)/g, '3.0.6 (BUILD)')
    .replace(/^(beta\t)[0-9a-f-]{36}\t/gm, '$1UUID\t')
    .replace(/\[pid \d+/g, '[pid N')
    .replace(/ *$/gm, '')
}

/** Marks in the output of several commands that run one after the other in one shell. */
const BEGIN = '\x01'
const CODE = '\x02'

/** Blocks of one node. */
async function ask(pair: HaPair, blocks: readonly Block[]): Promise<Answer[]> {
  const commands = blocks.map(
    ({ command }) => `printf '\\001'; ( ${command}\n) 2>&1 </dev/null; printf '\\002%d' $?`,
  )
  const script = `export PATH=${SYSTEM_PATH}; ${PROGRAMS}${commands.join('\n')}`
  const node = blocks[0]!.node
  const result = await pair.attempt(['exec', node, 'sh', '-c', script], 60_000)
  const answers = result.stdout.split(BEGIN).slice(1).map(answerIn)
  if (answers.length === blocks.length) return answers
  throw new Error(`${blocks.length} commands, ${answers.length} answers: ${result.stderr}`)
}

function answerIn(text: string): Answer {
  const [said = '', code = '-1'] = text.split(CODE)
  const output = comparable(said)
  return {
    output: output === '' || output.endsWith('\n') ? output : `${output}\n`,
    exitCode: Number.parseInt(code, 10),
  }
}

export const isSame = (one: Answer, other: Answer, codeOnly: boolean): boolean =>
  one.exitCode === other.exitCode && (codeOnly || one.output === other.output)

const SYSTEM_PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`

export interface Played {
  readonly block: Block
  readonly answer: Answer
}

/** Plays them in order; one that takes its time is asked again until the recorded answer comes. */
export async function* play(pair: HaPair, blocks: readonly Block[]): AsyncGenerator<Played> {
  for (let at = 0; at < blocks.length; ) {
    const first = blocks[at]!
    if (first.afterSeconds !== null) {
      yield { block: first, answer: await settle(pair, first, first.afterSeconds) }
      at++
      continue
    }
    const rest = blocks.slice(at)
    const end = rest.findIndex(({ node, afterSeconds }) => node !== first.node || afterSeconds !== null)
    const together = end < 0 ? rest : rest.slice(0, end)
    const answers = await ask(pair, together)
    for (const [i, block] of together.entries()) yield { block, answer: answers[i]! }
    at += together.length
  }
}

async function settle(pair: HaPair, block: Block, afterSeconds: number): Promise<Answer> {
  const limitMs = performance.now() + afterSeconds * 1000 + PATIENCE_MS
  for (;;) {
    const [answer] = await ask(pair, [block])
    if (isSame(answer!, block.answer, block.codeOnly) || performance.now() > limitMs) return answer!
    await delay(LOOK_EVERY_MS)
  }
}

/** The same for a recording: the answer after the given time is the one. */
export async function record(pair: HaPair, block: Block): Promise<Block> {
  await delay((block.afterSeconds ?? 0) * 1000)
  const [answer] = await ask(pair, [block])
  return { ...block, answer: answer! }
}
