import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { chooseForwarder, wantedForwarder } from '../../../src/ldirectord/forwarders/choose.js'
import { memoryForwarder } from '../../../src/ldirectord/forwarders/memory.js'
import { temporaryFolder } from '../../temporary-folder.js'

const proxy = async () => Object.assign(memoryForwarder(), { name: 'proxy' })
const NO_NFT = '/nowhere/nft'
const noProxy = () => Promise.reject(new Error('no memory'))

async function program(t: ExecutionContext, body: string): Promise<string> {
  const folder = temporaryFolder(t)
  const path = join(folder, 'ipvsadm')
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
  return path
}
const fails = 'echo "Can\'t initialize ipvs: Protocol not available" >&2; exit 2'

test('auto takes IPVS where ipvsadm can show the table', async t => {
  const choice = await chooseForwarder('auto', {
    openProxy: proxy,
    paths: { ipvs: [await program(t, 'exit 0')], nft: [NO_NFT] },
  })
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'ipvs')
})

test('auto takes the proxy where the kernel has no IPVS, and says so', async t => {
  const choice = await chooseForwarder('auto', {
    openProxy: proxy,
    paths: { ipvs: [await program(t, fails)], nft: [NO_NFT] },
  })
  t.like(choice, {
    kind: 'chosen',
    because:
      'this kernel has no IPVS (module ip_vs): load it, or set forwarder=proxy; there is no /nowhere/nft (package nftables)',
  })
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'proxy')
})

test('auto takes the proxy where ipvsadm is missing, and names the places and the package', async t => {
  const choice = await chooseForwarder('auto', {
    openProxy: proxy,
    paths: { ipvs: ['/nowhere/ipvsadm'], nft: [NO_NFT] },
  })
  t.like(choice, {
    kind: 'chosen',
    because: 'there is no /nowhere/ipvsadm (package ipvsadm); there is no /nowhere/nft (package nftables)',
  })
})

test('the second place is used when the first holds no ipvsadm', async t => {
  const choice = await chooseForwarder('ipvs', {
    openProxy: noProxy,
    paths: { ipvs: ['/nowhere/ipvsadm', await program(t, 'exit 0')], nft: [NO_NFT] },
  })
  t.is(choice.kind, 'chosen')
})

test('forwarder=ipvs without IPVS is refused in one sentence instead of something else being taken', async t => {
  const choice = await chooseForwarder('ipvs', {
    openProxy: proxy,
    paths: { ipvs: [await program(t, fails)], nft: [NO_NFT] },
  })
  t.regex(choice.kind === 'none' ? choice.reason : '', /forwarder=ipvs.*this kernel has no IPVS/)
})

test('forwarder=proxy does not ask ipvsadm', async t => {
  const choice = await chooseForwarder('proxy', {
    openProxy: proxy,
    paths: { ipvs: [await program(t, 'exit 0')], nft: [NO_NFT] },
  })
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'proxy')
})

test('neither IPVS nor proxy is a sentence that names both reasons', async t => {
  const choice = await chooseForwarder('auto', {
    openProxy: noProxy,
    paths: { ipvs: ['/nowhere/ipvsadm'], nft: [NO_NFT] },
  })
  t.regex(choice.kind === 'none' ? choice.reason : '', /no \/nowhere\/ipvsadm.*no memory/)
})

test('auto takes nftables before the proxy, and tells why not IPVS', async t => {
  const paths = { ipvs: [await program(t, fails)], nft: [await program(t, `echo '{"nftables": []}'`)] }
  const choice = await chooseForwarder('auto', { openProxy: proxy, paths })
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'nft')
  t.regex(
    choice.kind === 'chosen' ? choice.because : '',
    /^this kernel has no IPVS .*; the kernel offers nftables/,
  )
})

test('forwarder=nft without its rights is refused in one sentence', async t => {
  const paths = {
    nft: [await program(t, 'echo "Error: Operation not permitted (you must be root)" >&2; exit 1')],
  }
  const choice = await chooseForwarder('nft', { openProxy: proxy, paths })
  t.is(
    choice.kind === 'none' && choice.reason,
    'forwarder=nft cannot be used: nft needs root (CAP_NET_ADMIN)',
  )
})

test('the environment overrides the file, an unknown word there does not', t => {
  t.is(wantedForwarder('ipvs', 'proxy'), 'proxy')
  t.is(wantedForwarder('ipvs', undefined), 'ipvs')
  t.is(wantedForwarder('ipvs', 'nonsense'), 'ipvs')
})

const NOT_SUPPORTED =
  'echo "/dev/stdin:1:1-23: Error: Could not process rule: Operation not supported" >&2; exit 1'

test('a kernel that shows tables of nftables and takes none is not used: auto goes on to the proxy, forwarder=nft is refused', async t => {
  const body = `test "$1" != -c || { ${NOT_SUPPORTED}; }; echo "Error: No such file or directory" >&2; exit 1`
  const paths = { ipvs: ['/nowhere/ipvsadm'], nft: [await program(t, body)] }
  const choice = await chooseForwarder('auto', { openProxy: proxy, paths })
  t.is(choice.kind === 'chosen' && choice.forwarder.name, 'proxy')
  const refused = await chooseForwarder('nft', { openProxy: proxy, paths })
  t.is(
    refused.kind === 'none' && refused.reason,
    'forwarder=nft cannot be used: this kernel has no nftables for this: Could not process rule: Operation not supported',
  )
})

test('auto leaves nft out for a file with gate where the kernel cannot route by it, and forwarder=nft does not', async t => {
  const nft = [
    await program(t, `if [ "$1" = -c ] && grep -q dup; then ${NOT_SUPPORTED}; fi; echo '{"nftables": []}'`),
  ]
  const paths = { ipvs: ['/nowhere/ipvsadm'], nft }
  const name = async (wanted: 'auto' | 'nft', routes: boolean) => {
    const choice = await chooseForwarder(wanted, { openProxy: proxy, routes, paths })
    return choice.kind === 'chosen' ? [choice.forwarder.name, choice.because] : []
  }
  t.is((await name('auto', false))[0], 'nft')
  t.is((await name('nft', true))[0], 'nft')
  const [instead, because] = await name('auto', true)
  t.is(instead, 'proxy')
  t.regex(because!, /nftables of this kernel cannot send on what it does not translate \(gate\)/)
})
