import { spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { stonithDevices, withoutParameters } from '../../../src/heartbeat/resources/plan/stonith.js'
import { Stonith } from '../../../src/heartbeat/resources/stonith.js'
import { temporaryFolder } from '../../temporary-folder.js'

/** A command in the place of stonith: notes how it was called and what its file held, answers with `exitCode`. */
function bench(t: ExecutionContext, exitCodes: string) {
  const folder = temporaryFolder(t)
  const command = join(folder, 'stonith')
  const script = `#!/bin/sh
echo "$* mode=$(stat -c %a "$4") holds=$(cat "$4")" >> ${folder}/calls
echo "plugin says: cannot log in with sekret" >&2
set -- ${exitCodes}
n=$(wc -l < ${folder}/calls)
shift $((n - 1))
exit $1
`
  writeFileSync(command, script)
  chmodSync(command, 0o755)
  const said: string[] = []
  const stonith = new Stonith({
    env: () => ({ PATH: process.env.PATH ?? '' }),
    folder,
    say: (level, text) => said.push(`${level}: ${text}`),
    ending: new AbortController().signal,
    command,
  })
  const calls = (): string[] => readFileSync(join(folder, 'calls'), 'latin1').trim().split('\n')
  return { stonith, said, calls, folder }
}

const device = { type: 'external/fake', from: { parameters: 'beta 10.0.0.9 admin sekret' } }

test('parameters reach the command in a file that only we can read and that is gone afterwards, never as arguments', async t => {
  const { stonith, said, calls, folder } = bench(t, '0')
  t.is(await stonith.reset('beta', [device]), 'OK')
  t.regex(
    calls()[0] ?? '',
    /^-t external\/fake -F \S+ -T reset beta mode=600 holds=beta 10\.0\.0\.9 admin sekret$/,
  )
  t.deepEqual(readdirSync(folder).sort(), ['calls', 'stonith'])
  t.false(said.some(line => line.includes('sekret')))
  t.is(said[0], 'info: Resetting node beta with [external/fake]')
  t.is(said.at(-1), 'info: node beta now reset.')
})

test('parameters that a killed runner left behind are removed at the start, those of a living one are not', t => {
  const folder = temporaryFolder(t)
  const ended = spawnSync('true').pid
  const names = [`heartbeat-stonith.${ended}.1`, `heartbeat-stonith.${process.pid}.7`]
  const kept = [`heartbeat-stonith.${process.ppid}.1`, 'heartbeat-stonith.conf', 'heartbeat.pid']
  for (const name of [...names, ...kept]) writeFileSync(join(folder, name), '')
  new Stonith({ env: () => ({}), folder, say: () => {}, ending: new AbortController().signal })
  t.deepEqual(readdirSync(folder).sort(), kept.sort())
})

test('the second device is tried where the first fails, not where it succeeds', async t => {
  const { stonith, said, calls } = bench(t, '4 0 0')
  const second = { type: 'meatware', from: { file: '/dev/null' } }
  t.is(await stonith.reset('beta', [device, second]), 'OK')
  t.true(said.includes('ERROR: Device external/fake cannot reset host beta.'))
  t.regex(calls()[1] ?? '', /^-t meatware -F \/dev\/null -T reset beta/)
  t.is(await stonith.reset('beta', [second, device]), 'OK')
  t.is(calls().length, 3)
})

test('exit code 4 is a host that the device does not know, any other is a failure', async t => {
  const { stonith, said } = bench(t, '4 5')
  t.is(await stonith.reset('beta', [device]), 'badhost')
  t.is(await stonith.reset('beta', [device]), 'bad')
  t.true(said.includes('ERROR: Host beta not reset!'))
})

test('a device that does not answer well is reported as in the original, without harm', async t => {
  const { stonith, said } = bench(t, '1')
  await stonith.check([device])
  t.is(said[0], 'info: Checking status of STONITH device [external/fake]')
  t.deepEqual(said.slice(-3), [
    'ERROR: STONITH device external/fake not operational!',
    'ERROR: STONITH status operation failed.',
    'info: This may mean that the STONITH device has failed!',
  ])
})

// Recorded from heartbeat 3.0.6 with these devices.
for (const [type, name] of [
  ['null', 'NULL STONITH device'],
  ['ssh', 'SSH STONITH device'],
  ['meatware', 'Meatware STONITH device'],
  ['suicide', 'Suicide STONITH device'],
] as const) {
  test(`${type} is logged by the name that it gives itself`, async t => {
    const { stonith, said } = bench(t, '0 0')
    await stonith.reset('beta', [{ ...device, type }])
    await stonith.check([{ ...device, type }])
    t.true(said.includes(`info: Resetting node beta with [${name}]`))
    t.true(said.includes(`info: Checking status of STONITH device [${name}]`))
  })
}

test('without the command the reset has failed and the package is named', async t => {
  const said: string[] = []
  const stonith = new Stonith({
    ...{ env: () => ({}), folder: tmpdir(), ending: new AbortController().signal },
    ...{ say: (_level, text) => said.push(text), command: '/nonexistent/stonith' },
  })
  t.is(await stonith.reset('beta', [device]), 'bad')
  t.true(said.some(text => text.includes('install the package cluster-glue')))
})

test('lines for other hosts are not ours; stonith names a file', t => {
  const devices = stonithDevices(
    {
      stonith: [{ type: 'null', parameters: '/etc/ha.d/null.conf' }],
      stonith_host: [
        { host: 'beta', type: 'x', parameters: 'p' },
        { host: '*', type: 'y', parameters: 'q' },
        { host: 'Alpha', type: 'z', parameters: 'r' },
      ],
    },
    'alpha',
  )
  t.deepEqual(devices, [
    { type: 'null', from: { file: '/etc/ha.d/null.conf' } },
    { type: 'y', from: { parameters: 'q' } },
    { type: 'z', from: { parameters: 'r' } },
  ])
})

test('of the parameters only the names of nodes are ever printed', t => {
  const said = withoutParameters('beta: admin/secret2 refused, secret', 'alpha,beta admin secret2 secret', [
    'beta',
  ])
  t.is(said, 'beta: ***/*** refused, ***')
})
