// Tests against installed originals and in network namespaces: one test at a time in a file, with time for a cluster
// to start and stop. scripts/test.mjs runs them after everything else.
export default {
  files: ['dist/test/peers/**/*.test.js', '!dist/test/peers/real-time/**'],
  timeout: '180s',
  workerThreads: false,
  serial: true,
  concurrency: 1,
}
