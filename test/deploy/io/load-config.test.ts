import test from 'ava'
import { loadConfig } from '../../../src/deploy/io/load-config.js'

test('a deploy.cf that is not there is named, with what to do', t => {
  t.deepEqual(loadConfig('/nonexistent/deploy.cf'), {
    config: null,
    said: ['/nonexistent/deploy.cf does not exist: write it (docs/deploy.md), or name another with -c'],
  })
})
