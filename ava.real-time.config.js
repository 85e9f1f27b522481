// Tests of our own programs that need no peer but real time: processes, sockets and clocks that are waited for.
// scripts/test.mjs runs them in one go, after the unit tests.
export default {
  files: ['dist/test/peers/real-time/**/*.test.js'],
  timeout: '120s',
  workerThreads: false,
  concurrency: 2,
}
