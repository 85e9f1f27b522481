/** Lines for syslog, as logger(1) gets them, beside those that were recorded from ldirectord 4.12. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { findInstance } from '../../../../../src/ldirectord/io/instance.js'
import { LogOutput } from '../../../../../src/ldirectord/io/log-output.js'
import { temporaryFolder } from '../../../../temporary-folder.js'
import { until } from '../../until.js'

const RECORDED = 'test/peers/rig/ldirectord-oracle/cases/18-syslog-monitorfile/expected.json'

test('a line for syslog is the text alone behind ldirectord[PID], with priority info whatever it says', async t => {
  const folder = temporaryFolder(t)
  // Stands for logger, whose options and input are its interface.
  writeFileSync(
    join(folder, 'logger'),
    `#!/bin/sh\necho "$@" >${folder}/options\ncat >${folder}/lines\ntouch ${folder}/end\n`,
    {
      mode: 0o755,
    },
  )
  process.env.PATH = `${folder}:${process.env.PATH}`
  const { syslog } = JSON.parse(readFileSync(RECORDED, 'utf8')) as { syslog: string[] }
  const texts = syslog.map(line => /^<134>... .. ..:..:.. ldirectord\[\d+\]: (.*)\n/.exec(line)![1]!)
  t.true(texts.length > 5)
  const output = new LogOutput('configured', findInstance('x.cf', { HA_DIR: folder }), { logfile: 'local0' })
  for (const [n, text] of texts.entries()) output.log(n % 2 === 0 ? 'info' : 'ERROR', text)
  await output.close()
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  // Logger has not read everything yet.
  t.true(await until(() => existsSync(join(folder, 'end'))))
  t.is(read('options'), `--prio-prefix -t ldirectord[${process.pid}]\n`)
  t.is(read('lines'), texts.map(text => `<134>${text}\n`).join(''))
})
