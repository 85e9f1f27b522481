export default {
  files: ['dist/test/**/*.test.js', '!dist/test/peers/**'],
  timeout: '120s',
  workerThreads: false,
  concurrency: 2,
}
