import test from 'ava'
import { type FileKind, locate } from '../../../../src/heartbeat/resources/plan/locate.js'

const folders = { resourceDir: '/etc/ha.d/resource.d', initDir: '/etc/init.d' }
const isBuiltin = (name: string): boolean => name === 'IPaddr2'
const having = (files: Record<string, FileKind>) => (name: string) =>
  locate(name, folders, isBuiltin, path => files[path] ?? 'none')

test("the administrator's own script wins over the built-in agent and over init.d", t => {
  const find = having({ '/etc/ha.d/resource.d/IPaddr2': 'script', '/etc/init.d/IPaddr2': 'script' })
  t.deepEqual(find('IPaddr2'), { kind: 'script', path: '/etc/ha.d/resource.d/IPaddr2' })
})

test('a built-in agent needs no file, and our own launcher means the agent', t => {
  const agent = { kind: 'agent', name: 'IPaddr2', path: '/etc/ha.d/resource.d/IPaddr2' } as const
  t.deepEqual(having({})('IPaddr2'), agent)
  t.deepEqual(having({ '/etc/ha.d/resource.d/IPaddr2': 'launcher' })('IPaddr2'), agent)
})

test('an init script is found last, and an unknown name is none', t => {
  t.deepEqual(having({ '/etc/init.d/httpd': 'script' })('httpd'), {
    kind: 'script',
    path: '/etc/init.d/httpd',
  })
  t.deepEqual(having({})('httpd'), { kind: 'none' })
})

test('a name that is no plain word of a folder is none', t => {
  const everything = (): FileKind => 'script'
  for (const name of ['', '../../tmp/x', 'a/b', '.hidden', '..']) {
    t.deepEqual(locate(name, folders, isBuiltin, everything), { kind: 'none' }, name)
  }
})
