import { execFile } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { loopbackNetwork } from '../../../../contract/link/ports.js'
import { freePort } from '../../../../free-port.js'
import { temporaryFolder } from '../../../../temporary-folder.js'

// A process of an ordinary user on a machine without koffi: a copy of the compiled code where no package is found.
const run = promisify(execFile)
const compiled = fileURLToPath(new URL('../../../../../src', import.meta.url))
const nobody = 65_534

async function asNobody(t: { teardown(undo: () => void): void }, script: string): Promise<unknown> {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const part of ['base', 'heartbeat/links', 'heartbeat/wire']) {
    cpSync(join(compiled, part), join(folder, part), { recursive: true })
  }
  const prelude = `
    import { openLinks, readMachine } from ${JSON.stringify(join(folder, 'heartbeat/links/open-links.js'))}
    import { planLinks } from ${JSON.stringify(join(folder, 'heartbeat/links/plan.js'))}
    const say = value => console.log(JSON.stringify(value))
    const deaf = { onPacket() {}, onTrouble() {} }`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', prelude + script], {
    timeout: 20_000,
    cwd: folder,
    env: {},
    ...(process.getuid?.() === 0 && { uid: nobody, gid: nobody }),
  })
  return JSON.parse(stdout)
}

test('an ordinary user without koffi runs a loopback cluster', async t => {
  const [network, port] = [loopbackNetwork(), await freePort()]
  const result = await asNobody(
    t,
    `
    const lines = [1, 2].map(n => ({ directive: 'ucast', line: n, device: 'lo', address: '${network}.' + n, port: ${port} }))
    const open = async (n, handlers) => openLinks(planLinks(lines, await readMachine(['${network}.' + n])).plans, handlers)
    const heard = new Promise(async resolve => {
      const links = await open(2, { onTrouble() {}, onPacket: (bytes, from) => {
        for (const link of links) link.close()
        resolve({ bytes: String(bytes), link: from.link, address: from.address })
      } })
      const [link] = await open(1, deaf)
      link.send(Buffer.from('hello'))
      setTimeout(() => link.close(), 50)
    })
    say({ heard: await heard, fault: (await readMachine([])).deviceBindingFault })`,
  )
  t.deepEqual(result, {
    heard: { bytes: 'hello', link: 'lo', address: `${network}.1` },
    fault: 'the optional package koffi is not installed',
  })
})

const firstFreePort = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1'))
const privileged = firstFreePort > 1 ? test : test.skip

privileged('a port below 1024 without rights is named with what to do', async t => {
  const address = `${loopbackNetwork()}.1`
  const result = await asNobody(
    t,
    `
    const end = { address: '${address}', device: null }
    const plan = { kind: 'ucast', name: 'lo', device: 'lo', port: 1, peers: [], listen: { ...end, port: 1 }, source: { ...end, port: 0 } }
    say(await openLinks([plan], deaf))`,
  )
  t.deepEqual(result, {
    reason: `link lo: ${address} UDP port 1 is not permitted: start as root, or set udpport above 1023 in ha.cf`,
    code: 'EACCES',
  })
})
