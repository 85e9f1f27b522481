/**
 * Where checkers are measured: namespaces of our own (network with loopback only, mounts, processes), a stand-in for
 * ipvsadm that costs half a millisecond a call, and one that lets keepalived believe in a kernel with IPVS. The benchmark
 * starts itself anew inside; with the namespace every process that it started ends.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const INSIDE = 'SYSTOLE_BENCH_FOLDER'
const NEEDS = [
  '/usr/sbin/ldirectord',
  '/usr/sbin/ipvsadm',
  '/usr/sbin/keepalived',
  '/usr/sbin/haproxy',
  '/usr/bin/gcc',
  '/usr/bin/unshare',
]

/** Runs `measure` inside; outside it prepares, waits for that, and cleans up. */
export async function inRig(
  benchmark: string,
  limitMs: number,
  measure: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = process.env[INSIDE]
  if (folder !== undefined) {
    enter(folder)
    await measure(folder)
    process.exit(0)
  }
  const missing = NEEDS.filter(path => !existsSync(path))
  if (process.getuid?.() !== 0 || missing.length > 0) {
    process.stdout.write(
      `${benchmark} needs root and ${missing.join(', ') || 'nothing else'}; not measured\n`,
    )
    return
  }
  const fresh = mkdtempSync(join(tmpdir(), `systole-${benchmark}-`))
  try {
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    const run = spawnSync('unshare', [...namespaces, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      timeout: limitMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, [INSIDE]: fresh },
    })
    if (run.status !== 0) process.stdout.write(`${benchmark} did not end within ${limitMs / 1000} s\n`)
    process.exitCode = run.status ?? 1
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function enter(folder: string): void {
  const source = 'bench/scale'
  must('gcc', '-O2', '-o', `${folder}/ipvsadm`, `${source}/ipvsadm.c`)
  must('gcc', '-O2', '-shared', '-fPIC', '-o', `${folder}/no-ipvs.so`, `${source}/no-ipvs.c`, '-ldl')
  must('ip', 'link', 'set', 'lo', 'up')
  // A thousand closed connections a second would use up the usual ports within half a minute.
  must('sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=1024 65000', 'net.ipv4.tcp_tw_reuse=1')
  must('mount', '--bind', `${folder}/ipvsadm`, '/usr/sbin/ipvsadm')
  must('mount', '-t', 'tmpfs', 'none', '/run')
  mkdirSync('/run/haproxy')
}

function must(program: string, ...args: string[]): void {
  const run = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 })
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${run.stderr || run.error?.message}`)
}
