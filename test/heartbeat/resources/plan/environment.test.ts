import test from 'ava'
import {
  messageEnvironment,
  type ScriptSettings,
  scriptEnvironment,
} from '../../../../src/heartbeat/resources/plan/environment.js'
import { Message } from '../../../../src/heartbeat/wire/message.js'

const settings: ScriptSettings = {
  paths: { haDir: '/etc/ha.d', varLib: '/var/lib/heartbeat', varRun: '/run', varLog: '/var/log' },
  us: 'alpha',
  parameters: { keepalive: '1', auto_failback: 'on', 'not a name': 'x' },
  settings: [{ name: 'SITE', value: 'here' }],
  logfile: '/var/log/ha-log',
  debugfile: '/var/log/ha-debug',
  logfacility: 'none',
  use_logd: false,
  debug: 0,
  inherited: { PATH: '/usr/bin', LD_PRELOAD: '/tmp/x.so', BASH_ENV: '/tmp/x', TZ: 'UTC' },
}
const env = scriptEnvironment(settings)

test('scripts find the variables that the original promises them', t => {
  // Names and values as a script called by heartbeat 3.0.6 on Debian found them.
  for (const [name, value] of Object.entries({
    HA_CURHOST: 'alpha',
    HA_DIR: '/etc/ha.d',
    HA_FUNCS: '/etc/ha.d/shellfuncs',
    HA_DATEFMT: '%Y/%m/%d_%T\t',
    HA_LOGFILE: '/var/log/ha-log',
    HA_DEBUGLOG: '/var/log/ha-debug',
    HA_LOGFACILITY: 'none',
    HA_LOGD: 'no',
    OCF_ROOT: '/usr/lib/ocf',
    HA_FIFO: '/var/lib/heartbeat/fifo',
    HA_RESOURCEDIR: '/etc/ha.d/resource.d',
    HA_keepalive: '1',
    HA_auto_failback: 'on',
    HA_SITE: 'here',
  })) {
    t.is(env[name], value, name)
  }
  t.is(env.HA_debug, undefined)
  t.is(scriptEnvironment({ ...settings, use_logd: true }).HA_LOGD, 'yes')
})

test('what changes how a shell or the loader behaves is not passed on', t => {
  t.is(env.LD_PRELOAD, undefined)
  t.is(env.BASH_ENV, undefined)
  t.is(env.TZ, 'UTC')
})

test('the text fields of a message become variables, but none that tells a script where its files are', t => {
  const message = Message.of(
    ['t', 'custom'],
    ['src', 'beta'],
    ['st', 'dead'],
    ['srcuuid', new Uint8Array(16)],
    ['DIR', '/tmp/evil'],
    ['FUNCS', '/tmp/evil'],
    ['bad name', 'x'],
    ['nul', 'a\0b'],
  )
  t.deepEqual(messageEnvironment(message, 'active', false), {
    HA_OSTATUS: 'active',
    HA_NICEFAILBACK: 'yes',
    HA_t: 'custom',
    HA_src: 'beta',
    HA_st: 'dead',
    HA_nul: 'ab',
  })
  t.is(messageEnvironment(message, 'active', true).HA_NICEFAILBACK, undefined)
})

test('scripts find our own shell functions where the packages are missing, and no word of them elsewhere', t => {
  const shellFunctions = { shellfuncs: '/opt/etc-ha.d/shellfuncs', ocfFunctionsDir: '/opt/ocf/lib/heartbeat' }
  const bare = scriptEnvironment({ ...settings, shellFunctions })
  t.is(bare.HA_FUNCS, shellFunctions.shellfuncs)
  t.is(bare.OCF_FUNCTIONS_DIR, shellFunctions.ocfFunctionsDir)
  t.is(bare.OCF_ROOT, '/usr/lib/ocf', 'agents stay where they are')
  t.is(env.OCF_FUNCTIONS_DIR, undefined)
})
