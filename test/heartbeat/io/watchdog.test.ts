import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Watchdog, watchdogSeconds } from '../../../src/heartbeat/io/watchdog.js'
import { temporaryFolder } from '../../temporary-folder.js'

function bench(t: ExecutionContext, file = 'wd') {
  const folder = temporaryFolder(t)
  const device = join(folder, file)
  writeFileSync(join(folder, 'wd'), '')
  const said: string[] = []
  return { device, said, watchdog: new Watchdog(device, (level, text) => said.push(`${level}: ${text}`)) }
}

test('a byte at the start and with each beat, the letter V at the end, as recorded', t => {
  const { device, said, watchdog } = bench(t)
  watchdog.open(3000)
  watchdog.beat()
  watchdog.beat()
  t.deepEqual([...readFileSync(device)], [0, 0, 0])
  watchdog.close()
  watchdog.close()
  t.deepEqual([...readFileSync(device)], [0, 0, 0, 0x56])
  t.is(said[0], `notice: Using watchdog device: ${device}`)
  // A plain file is no watchdog; with koffi the original's line follows.
  t.true(said[1]?.includes('WDIOC_SETTIMEOUT: Failed to set watchdog timer to 4 seconds.: '))
})

test('a device that is missing is an error that stops nothing', t => {
  const { device, said, watchdog } = bench(t, 'missing')
  watchdog.open(3000)
  watchdog.beat()
  watchdog.close()
  t.deepEqual(said, [`ERROR: Cannot open watchdog device: ${device}: no such file or directory`])
})

test('a device that refuses a byte is closed, and nothing more is said', t => {
  const { said } = bench(t)
  const watchdog = new Watchdog('/dev/full', (level, text) => said.push(`${level}: ${text}`))
  watchdog.open(3000)
  watchdog.beat()
  watchdog.close()
  const errors = said.filter(line => line.startsWith('ERROR: Watchdog'))
  t.deepEqual(errors, ['ERROR: Watchdog write failure: closing /dev/full!: no space left on device'])
})

test('the time of the device is more than deadtime, in whole seconds, as recorded for 3 s', t => {
  t.deepEqual([3000, 2990, 2991, 500, 10_000].map(watchdogSeconds), [4, 3, 4, 1, 11])
})
