import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { chooseForwarder, wantedForwarder } from '../../../src/ldirectord/forwarders/choose.js'
import { memoryForwarder } from '../../../src/ldirectord/forwarders/memory.js'

const proxy = async () => Object.assign(memoryForwarder(), { name: 'proxy' })
const noProxy = () => Promise.reject(new Error('no memory'))

async function ipvsadm(t: ExecutionContext, body: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'choose-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const program = join(folder, 'ipvsadm')
  await writeFile(program, `#!/bin/sh\n${body}\n`)
  await chmod(program, 0o755)
  return program
}
const fails = 'echo "Can\'t initialize ipvs: Protocol not available" >&2; exit 2'

test('auto takes IPVS where ipvsadm can show the table', async t => {
  const choice = await chooseForwarder('auto', proxy, [await ipvsadm(t, 'exit 0')])
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'ipvs')
})

test('auto takes the proxy where the kernel has no IPVS, and says so', async t => {
  const choice = await chooseForwarder('auto', proxy, [await ipvsadm(t, fails)])
  t.like(choice, {
    kind: 'chosen',
    because: 'this kernel has no IPVS (module ip_vs): load it, or set forwarder=proxy',
  })
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'proxy')
})

test('auto takes the proxy where ipvsadm is missing, and names the places and the package', async t => {
  const choice = await chooseForwarder('auto', proxy, ['/nowhere/ipvsadm'])
  t.like(choice, { kind: 'chosen', because: 'there is no /nowhere/ipvsadm (package ipvsadm)' })
})

test('the second place is used when the first holds no ipvsadm', async t => {
  const choice = await chooseForwarder('ipvs', noProxy, ['/nowhere/ipvsadm', await ipvsadm(t, 'exit 0')])
  t.is(choice.kind, 'chosen')
})

test('forwarder=ipvs without IPVS is refused in one sentence instead of something else being taken', async t => {
  const choice = await chooseForwarder('ipvs', proxy, [await ipvsadm(t, fails)])
  t.regex(choice.kind === 'none' ? choice.reason : '', /forwarder=ipvs.*this kernel has no IPVS/)
})

test('forwarder=proxy does not ask ipvsadm', async t => {
  const choice = await chooseForwarder('proxy', proxy, [await ipvsadm(t, 'exit 0')])
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'proxy')
})

test('neither IPVS nor proxy is a sentence that names both reasons', async t => {
  const choice = await chooseForwarder('auto', noProxy, ['/nowhere/ipvsadm'])
  t.regex(choice.kind === 'none' ? choice.reason : '', /no \/nowhere\/ipvsadm.*no memory/)
})

test('the environment overrides the file, an unknown word there does not', t => {
  t.is(wantedForwarder('ipvs', 'proxy'), 'proxy')
  t.is(wantedForwarder('ipvs', undefined), 'ipvs')
  t.is(wantedForwarder('ipvs', 'nonsense'), 'ipvs')
})
