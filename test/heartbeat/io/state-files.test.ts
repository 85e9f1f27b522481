import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { keepDeletedNodes, nextGeneration, nodeUuid } from '../../../src/heartbeat/io/state-files.js'
import { temporaryFolder } from '../../temporary-folder.js'

function folder(t: { teardown: (end: () => void) => void }): string {
  const path = temporaryFolder(t)
  return path
}

test('the generation file of heartbeat 3.0.6 is continued in its own format', t => {
  const varLib = folder(t)
  // As od -c showed it: 5 blanks, 10 digits, newline.
  writeFileSync(join(varLib, 'hb_generation'), '     1795234293\n')
  t.is(nextGeneration(varLib, 5, 'file').value, 1795234294)
  t.is(readFileSync(join(varLib, 'hb_generation'), 'latin1'), '     1795234294\n')
  t.deepEqual(readdirSync(varLib), ['hb_generation'])
})

test('a first start takes the generation from the clock and warns, as the original does', t => {
  const { value, lines } = nextGeneration(folder(t), 1795226607, 'file')
  t.is(value, 1795226608)
  t.deepEqual(lines[0], { level: 'WARN', text: 'No Previous generation - starting at 1795226608' })
})

test('a file that holds no generation is named and written anew', t => {
  for (const content of ['junk\n', '-5\n', '0\n', '99999999999\n', '\0\0\0']) {
    const varLib = folder(t)
    writeFileSync(join(varLib, 'hb_generation'), content)
    const { value, lines } = nextGeneration(varLib, 1000, 'file')
    t.is(value, 1001)
    t.regex(lines[0]!.text, /does not hold a generation/)
  }
})

test('by the clock the generation rises even when the clock went back', t => {
  const varLib = folder(t)
  t.is(nextGeneration(varLib, 5000, 'time').value, 5000)
  t.is(nextGeneration(varLib, 4000, 'time').value, 5001)
})

test('the uuid is made once: 16 raw bytes of version 4', t => {
  const varLib = folder(t)
  const first = nodeUuid(varLib)
  t.is(first.lines[0]?.text, 'No uuid found for current node - generating a new uuid.')
  t.is(first.value.length, 16)
  t.is(first.value[6]! >> 4, 4)
  t.is(first.value[8]! >> 6, 2)
  const second = nodeUuid(varLib)
  t.deepEqual(second, { value: first.value, lines: [] })
  t.deepEqual(Uint8Array.from(readFileSync(join(varLib, 'hb_uuid'))), first.value)
})

// As heartbeat 3.0.6 wrote it after `hb_delnode gamma beta`, of which only beta had been heard.
test('delhostcache holds one line a deleted node, as the original writes it', t => {
  const varLib = folder(t)
  const uuid = Buffer.from('fe9d7b02b70e49d681c49cfed720675f', 'hex')
  keepDeletedNodes(varLib, [
    { name: 'gamma', uuid: undefined, weight: 100, site: '' },
    { name: 'beta', uuid, weight: 100, site: '' },
  ])
  t.is(
    readFileSync(join(varLib, 'delhostcache'), 'latin1'),
    'gamma\t00000000-0000-0000-0000-000000000000\t100\t\nbeta\tfe9d7b02-b70e-49d6-81c4-9cfed720675f\t100\t\n',
  )
})

test('a state folder that cannot be written to is an error, not a silent start', t => {
  t.throws(() => nextGeneration('/proc/self/no-such-folder', 1, 'file'))
})
