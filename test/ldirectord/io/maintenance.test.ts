import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { Maintenance, maintenanceNames, type NameOf } from '../../../src/ldirectord/io/maintenance.js'
import { temporaryFolder } from '../../temporary-folder.js'

test('a host name stands for a server as a whole and by its first part, with the port or without', t => {
  t.deepEqual(maintenanceNames('real2.example.com', 80), [
    'real2.example.com:80',
    'real2.example.com',
    'real2:80',
    'real2',
  ])
})

test('only a name that starts with a lower-case letter has a short form', t => {
  t.deepEqual(maintenanceNames('Real2.example.com', 80), ['Real2.example.com:80', 'Real2.example.com'])
  t.deepEqual(maintenanceNames('localhost', 80), ['localhost:80', 'localhost'])
})

test('a file named after address and port covers that server alone, one after the address all its ports', async t => {
  const folder = temporaryFolder(t)
  const servers = [
    { address: '192.0.2.1', port: 80 },
    { address: '192.0.2.1', port: 81 },
    { address: '2001:db8::1', port: 80 },
  ]
  const maintenance = new Maintenance(folder, [])
  const covered = async (...files: string[]): Promise<boolean[]> => {
    for (const file of files) await writeFile(join(folder, file), '')
    await maintenance.refresh()
    const answer = servers.map(server => maintenance.covers(server))
    for (const file of files) await rm(join(folder, file))
    return answer
  }
  t.deepEqual(await covered('192.0.2.1:80'), [true, false, false])
  t.deepEqual(await covered('192.0.2.1'), [true, true, false])
  t.deepEqual(await covered('[2001:db8::1]:80'), [false, false, true])
  t.deepEqual(await covered('[2001:db8::1]'), [false, false, true])
  t.deepEqual(await covered('192.0.2.9'), [false, false, false])
})

test('a folder that does not exist takes nobody out', async t => {
  const maintenance = new Maintenance('/nowhere/maintenance', [])
  await maintenance.refresh()
  t.false(maintenance.covers({ address: '192.0.2.1', port: 80 }))
})

test('a name server that never answers, or that fails, holds up no look: addresses count at once', async t => {
  const folder = temporaryFolder(t)
  await writeFile(join(folder, '192.0.2.1'), '')
  await writeFile(join(folder, 'two.example.org'), '')
  const servers = [
    { address: '192.0.2.1', port: 80 },
    { address: '192.0.2.2', port: 80 },
  ]
  const covered = async (nameOf: NameOf): Promise<boolean[]> => {
    const maintenance = new Maintenance(folder, servers, nameOf)
    await maintenance.refresh()
    await new Promise(setImmediate)
    return servers.map(server => maintenance.covers(server))
  }
  t.deepEqual(await covered(() => new Promise(() => {})), [true, false])
  t.deepEqual(await covered(() => Promise.reject(new Error('ENOTFOUND'))), [true, false])
  t.deepEqual(await covered(async () => 'two.example.org'), [true, true])
})
