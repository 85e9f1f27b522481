import test from 'ava'
import { syslogOfScripts, type syslogSink } from '../../../src/log/io/syslog.js'

/** Loggers that note what they get instead of running. */
function noting() {
  const noted: string[] = []
  const open: typeof syslogSink = (_facility, tag) => ({
    write: () => {},
    line: (priority, text) => void noted.push(`<${priority}>${tag}: ${text}`),
    close: () => void noted.push(`${tag} is closed`),
  })
  return { noted, scripts: syslogOfScripts('local0', () => {}, open) }
}

test('lines of scripts have the tag and the priority that they have beside heartbeat 3.0.6', t => {
  const { noted, scripts } = noting()
  // Measured: ha_log of shellfuncs with HA_LOGFACILITY=local0.
  for (const level of ['CRIT', 'ERROR', 'WARN', 'info', 'debug'])
    scripts.write('ResourceManager(default)[77]', level, `text of ${level}`)
  t.deepEqual(noted, [
    '<133>ResourceManager(default)[77]: CRIT: text of CRIT',
    '<131>ResourceManager(default)[77]: ERROR: text of ERROR',
    '<132>ResourceManager(default)[77]: WARN: text of WARN',
    '<133>ResourceManager(default)[77]: info: text of info',
    '<133>ResourceManager(default)[77]: debug: text of debug',
  ])
})

test('no more than six loggers run for scripts: the one that was silent for longest ends', t => {
  const { noted, scripts } = noting()
  for (const tag of ['a', 'b', 'c', 'd', 'e', 'f', 'a', 'g']) scripts.write(tag, 'info', 'said')
  t.deepEqual(
    noted.filter(line => line.endsWith('closed')),
    ['b is closed'],
  )
  scripts.close()
  t.is(noted.filter(line => line.endsWith('closed')).length, 7)
})
