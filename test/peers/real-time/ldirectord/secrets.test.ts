/**
 * Passwords and secrets of the file, while servers of every service repeat whatever they are sent: they are in no log
 * line, status, monitor file, mail or argument of a command.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import test from 'ava'
import { runCheck } from '../../../../src/ldirectord/checks/run-check.js'
import { SERVICES } from '../../../../src/ldirectord/config/directives-check.js'
import type { Status } from '../../../../src/ldirectord/core/status.js'
import { statusText } from '../../../../src/ldirectord/core/status-text.js'
import { Daemon } from '../../../../src/ldirectord/daemon.js'
import { memoryForwarder } from '../../../../src/ldirectord/forwarders/memory.js'
import { askControl } from '../../../../src/ldirectord/io/control-socket.js'
import { findInstance } from '../../../../src/ldirectord/io/instance.js'
import { loadConfig } from '../../../../src/ldirectord/io/load-config.js'
import { datagramServer } from '../../../contract/check/line-server.js'
import { type Script, serve } from '../../../contract/check/scripted-server.js'
import { temporaryFolder } from '../../../temporary-folder.js'

const PASSWD = 'xyzzy-hidden-1'
const SECRET = 'xyzzy-hidden-2'
const ROUND_MS_MAX = 10_000

/** What each server says first, and in front of what it repeats. */
const WORDS: Readonly<Record<string, readonly [greeting: string, refusal: string]>> = {
  ftp: ['220 hello\r\n', '530 not '],
  smtp: ['220 hello\r\n', '550 not '],
  submission: ['220 hello\r\n', '550 not '],
  pop: ['+OK hello\r\n', '-ERR not '],
  pops: ['+OK hello\r\n', '-ERR not '],
  imap: ['* OK hello\r\n', 'a1 NO not '],
  imaps: ['* OK hello\r\n', 'a1 NO not '],
  nntp: [`400 not ${PASSWD}\r\n`, ''],
  http: ['', 'HTTP/1.1 503 not\r\n\r\n'],
  pgsql: ['', 'N'],
}

test('whatever servers repeat, no password or secret comes into log, status, monitor file, mail or arguments', async t => {
  const folder = temporaryFolder(t)
  const place = (name: string): string => join(folder, name)
  const heard: Buffer[] = []
  const echo =
    ([greeting, refusal]: readonly [string, string]): Script =>
    socket => {
      socket.write(greeting)
      socket.on('data', data => {
        heard.push(data)
        // The password that USER asks for is waited for.
        const asks = data.toString('latin1').startsWith('USER') && !refusal.startsWith('N')
        if (socket.writable)
          socket.write(
            asks
              ? refusal.startsWith('5')
                ? '331 who\r\n'
                : '+OK\r\n'
              : `${refusal}${data.toString('latin1')}`,
          )
      })
    }
  const radius = await datagramServer(request => [request])
  const servers = new Map<string, { readonly port: number; close(): Promise<void> }>([['radius', radius]])
  for (const service of SERVICES) {
    if (service === 'radius' || service === 'none') continue
    const isSecure = /^(https|imaps|pops|ldaps)$/.test(service)
    const words = WORDS[service.replace(/^http.*/, 'http')] ?? ['', '']
    servers.set(service, await serve(echo(words), { tls: isSecure, atOnce: true }))
  }
  await writeFile(place('external'), `#!/bin/sh\necho "$@" >>${place('arguments')}\nexit 1\n`, {
    mode: 0o755,
  })
  const credentials = `\tlogin="alice"\n\tpasswd="${PASSWD}"\n\tsecret="${SECRET}"\n\tdatabase="shop"\n`
  const section = (n: number, port: number, lines: string): string =>
    `virtual=127.0.1.${n}:80\n\treal=127.0.0.1:${port} masq\n\tmonitorfile=${place('monitor')}\n\trequest="www.example.org"\n\treceive="well"\n${credentials}${lines}\n`
  const sections = [...servers].map(([service, { port }], n) =>
    section(n + 1, port, `\tservice=${service}\n${service === 'radius' ? '\tprotocol=udp\n' : ''}`),
  )
  for (const type of ['external', 'external-perl'])
    sections.push(
      section(sections.length + 1, 1, `\tchecktype=${type}\n\tcheckcommand=${place('external')}\n`),
    )
  const head = `checkinterval=1\nnegotiatetimeout=2\nquiescent=yes\nemailalert="admin@example.org"\nemailalertfreq=1\nemailalertdetail=yes\nfallback=127.0.0.1:80\nfallbackcommand=${place('external')}\n`
  await writeFile(place('ldirectord.cf'), head + sections.join('\n'))
  const instance = findInstance('ldirectord.cf', {
    HA_DIR: folder,
    HA_VARLIB: folder,
    HA_VARRUN: folder,
    HA_VARLOG: folder,
  })
  const loaded = await loadConfig(instance.file!, instance)
  if (loaded.kind !== 'loaded') throw new Error(loaded.errors.join('\n'))
  const log: string[] = [...loaded.warnings]
  const daemon = new Daemon({
    instance,
    loaded,
    forwarder: memoryForwarder(),
    load: () => loadConfig(instance.file!, instance),
    runCheck,
    useLog: () => {},
    role: 'active',
    announce: () => null,
    command: ['/bin/false'],
    mailCommand: ['/bin/sh', '-c', 'cat >>"$0"', place('mails')],
    negotiable: [],
    log: (_, line) => log.push(line),
  })
  await daemon.start()
  const look = async (): Promise<Status> => JSON.parse((await askControl(instance.socket, 'status'))!)
  const isAsked = ({ virtuals }: Status): boolean =>
    virtuals.every(({ reals }) => reals.every(({ last }) => last !== null))
  let status = await look()
  for (let waitedMs = 0; waitedMs < ROUND_MS_MAX && !isAsked(status); waitedMs += 100) {
    await wait(100)
    status = await look()
  }
  await wait(1_200) // a second round, and the repeats of mails
  status = await look()
  await daemon.stop()
  await Promise.all([...servers.values()].map(server => server.close()))
  const written = ['monitor', 'mails', 'arguments'].map(
    async name => `${name}: ${await readFile(place(name), 'utf8')}`,
  )
  const shown = [...log, JSON.stringify(status), statusText(status), ...(await Promise.all(written))]

  t.true(isAsked(status), 'every server was asked')
  t.true(status.virtuals.every(({ reals }) => reals[0]!.health === 'down'))
  t.true(
    heard.some(data => data.includes(PASSWD)),
    'servers were sent the password, and repeated it',
  )
  t.true(
    shown.some(text => /^mails: [\s\S]*real server/i.test(text)),
    'mails were sent',
  )
  t.true(
    shown.some(text => /^arguments: [\s\S]*start 127\.0\.1\.\d+:80 tcp$/m.test(text)),
    'a fallbackcommand was run',
  )
  t.true(
    shown.some(text => text.includes('not ')),
    'what servers said is shown',
  )
  for (const text of shown)
    for (const hidden of [PASSWD, SECRET]) {
      const at = text.indexOf(hidden)
      t.is(at, -1, text.slice(Math.max(0, at - 200), at + 30))
    }
})
