import test from 'ava'
import fc from 'fast-check'
import type { AgentContext } from '../../../src/agents/agent.js'
import { askIp, readHostFacts } from '../../../src/agents/read-host-facts.js'
import { nativeFault } from '../../../src/base/io/native.js'
import { runCommand } from '../../../src/base/io/run-command.js'
import { addressRequest, errorNumber, netlinkRequest, readNetlink } from '../../../src/base/netlink.js'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ''), 'hex'))

// Recorded on Linux 6 with a plain netlink socket: 127.0.0.1/8, then 10.1.1.1/24 brd 10.1.1.255 label lo:a, both on lo.
const ADDRESS = bytes(`
  4c000000140002000000000083260000020880fe01000000080001007f000001080002007f000001070003006c6f0000
  080008008000000014000600ffffffffffffffff1104150011041500
  580000001400020000000000832600000218800001000000080001000a010101080002000a010101080004000a0101ff
  090003006c6f3a6100000000080008008000000014000600ffffffffffffffff1104150011041500`)
const DONE_ACK = '240000000200000101000000c07b00000000000028000000140005060100000000000000'
const REFUSED = `
  3c0000000200000001000000c07b0000efffffff28000000140005060100000000000000021800000100000008000200
  0a010101080001000a010101`
const DONE = bytes('1400000003000200000000008326000000000000')

test('an address of the kernel is read with its prefix, broadcast address and label', t => {
  t.deepEqual(readNetlink(ADDRESS), {
    records: [
      { kind: 'address', index: 1, address: '127.0.0.1', prefix: 8, broadcast: null, label: 'lo' },
      { kind: 'address', index: 1, address: '10.1.1.1', prefix: 24, broadcast: '10.1.1.255', label: 'lo:a' },
    ],
    end: 'more',
  })
  t.is(readNetlink(Buffer.concat([ADDRESS, DONE])).end, 'done')
})

test('a request is 16 bytes of head and the body of its kind', t => {
  t.deepEqual([...netlinkRequest('addresses')].slice(0, 8), [24, 0, 0, 0, 22, 0, 1, 3])
  t.is(netlinkRequest('routes').length, 28)
})

test('whatever comes in place of an answer is read without an exception, and a cut answer is none', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), noise => {
      readNetlink(noise)
    }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 0x4b }), length => {
      t.deepEqual(readNetlink(ADDRESS.subarray(0, length)), { records: [], end: 'failed' })
    }),
  )
})

test('the kernel tells the same interfaces, addresses and routes as ip -j', async t => {
  const ip = await runCommand('ip', ['-V'], { timeoutMs: 5_000 })
  if (ip.exitCode !== 0 || nativeFault() !== null) return void t.pass('no program ip, or no native calls')
  const context: AgentContext = {
    paths: { haDir: '/', varLib: '/', varRun: '/', varLog: '/' },
    env: { PATH: process.env.PATH ?? '' },
    signal: new AbortController().signal,
    log: () => {},
  }
  const [told, printed] = [await readHostFacts(context), await askIp(context)]
  if (typeof told === 'string' || typeof printed === 'string') return void t.fail(`${told} ${printed}`)
  const { nicsUp, ...rest } = told
  t.true(nicsUp?.includes('lo'))
  t.deepEqual(rest, printed)
})

test('a request to set an address reads back as the address that the kernel would tell', t => {
  const own = { address: [10, 1, 1, 1], broadcast: [10, 1, 1, 255] }
  const request = addressRequest({
    ...{ change: 'add', index: 1, prefix: 24, label: 'lo:a' },
    address: Uint8Array.from(own.address),
    broadcast: Uint8Array.from(own.broadcast),
  })
  t.deepEqual(readNetlink(request).records, readNetlink(ADDRESS).records.slice(1))
})

test('an acknowledgement carries the number of its error', t => {
  // Recorded as above: the answer to an address that is there already, and to one that was set.
  t.is(errorNumber(bytes(REFUSED)), 17)
  t.is(errorNumber(bytes(DONE_ACK)), 0)
  t.is(errorNumber(DONE), null)
})
