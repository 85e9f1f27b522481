/** The proxy where the machine has no local port left, and where the user may not listen on a port below 1024. */
import { fileURLToPath } from 'node:url'
import { run } from '../harness.js'
import { peerTest } from '../require.js'

const test = peerTest('net-admin', 'util-linux', 'iproute2')

test('without local ports and without rights the proxy says so in a sentence, and serves whom it can', async t => {
  const scene = fileURLToPath(new URL('straits-scene.js', import.meta.url))
  const { stdout, stderr, exitCode } = await run('unshare', ['-n', process.execPath, scene], {
    timeoutMs: 40_000,
  })
  t.is(exitCode, 0, stderr)
  const scenes = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  t.is(scenes.length, 2, 'Node sockets, and workers')
  for (const { met, notices, afterwards, refusal, stillThere } of scenes) {
    // The real server listens on the eighth.
    t.deepEqual(met, [...Array(7).fill('a'), ...Array(5).fill('ECONNRESET')])
    t.is(notices.length, 1, notices.join('\n'))
    t.regex(
      notices[0],
      /^proxy: no local port is left for connections to 127\.0\.0\.1:\d+ \(sysctl net\.ipv4\.ip_local_port_range/,
    )
    t.is(afterwards, 'a')
    t.is(
      refusal,
      'cannot listen on 127.0.0.1:80: permission denied; a port below 1024 needs root or the sysctl net.ipv4.ip_unprivileged_port_start <= 80',
    )
    t.is(stillThere, 'a')
  }
})
