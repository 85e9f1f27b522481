import test from 'ava'
import { translateHaLog, translateLdirectordLog } from '../../src/demo/translate.js'

// Left: lines as heartbeat 3.0.6 and ldirectord 4.12 write them.
const heartbeat: readonly (readonly [line: string, sentence: string | null])[] = [
  ["info: Local status now set to: 'active'", 'is now active'],
  ['WARN: node alpha: is dead', 'declares alpha dead: nothing was heard from it for deadtime'],
  ['info: Link alpha:eth1 dead.', 'link eth1 to alpha is dead'],
  ['info: Status update for node beta: status active', 'hears that beta is active'],
  ['info: Resources being acquired from alpha.', 'takes over the resources of alpha'],
  ['info: alpha wants to go standby [all]', 'alpha asks to give away its resources (all)'],
  ['WARN: No STONITH device configured.', null],
  ['info: glib: ucast: bound send socket to device: lo', null],
  ['ERROR: something that nobody foresaw', 'ERROR: something that nobody foresaw'],
]
for (const [line, sentence] of heartbeat) {
  test(`ha-log: ${line}`, t => {
    t.is(translateHaLog(`Nov 21 02:05:37 beta heartbeat: [27]: ${line}`), sentence)
  })
}

test('the line of a resource script is understood as that of the daemon', t => {
  const line =
    '2026/11/21_04:01:07  ResourceManager(default)[218]:    info: Acquiring resource group: alpha IPaddr2::127.77.0.100/32/lo ldirectord::ldirectord.cf'
  t.is(
    translateHaLog(line),
    'starts the resources of alpha: IPaddr2::127.77.0.100/32/lo ldirectord::ldirectord.cf',
  )
})

const ldirectord: readonly (readonly [text: string, sentence: string | null])[] = [
  [
    'Quiescent real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 0)',
    'real server 127.0.2.1:80 is down: weight 0',
  ],
  [
    'Restored real server: 127.0.2.1:80 (127.0.1.1:80) (Weight set to 5)',
    'real server 127.0.2.1:80 is up again (weight 5)',
  ],
  [
    'Added fallback server: 127.0.0.1:80 (127.0.1.1:80) (Weight set to 1)',
    'no real server is up: the sorry server 127.0.0.1:80 answers',
  ],
  ['Added virtual server: 127.0.1.1:80', 'ldirectord offers 127.0.1.1:80'],
  [
    "Configuration file '/etc/ha.d/ldirectord.cf' has changed on disk",
    'ldirectord sees a change of /etc/ha.d/ldirectord.cf',
  ],
  ['Exiting from ldirectord status', null],
  ['a sentence of its own', 'ldirectord: a sentence of its own'],
]
for (const [text, sentence] of ldirectord) {
  test(`ldirectord.log: ${text}`, t => {
    t.is(translateLdirectordLog(`[Sat Nov 21 02:04:04 2026|ldirectord.cf|4711] ${text}`), sentence)
  })
}
