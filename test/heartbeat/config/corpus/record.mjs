// Records what heartbeat 3.0.6 says to each case of cases.txt into recorded.json: node record.mjs [HEARTBEAT].
// Needs root and the Debian packages heartbeat and iproute2. Each case runs as node "alpha" in private mount, network,
// host name, IPC and process namespaces without a route out, and is ended after a second.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const heartbeat = process.argv[2] ?? '/usr/libexec/heartbeat/heartbeat'
const base = {
  'ha.cf': 'logfile /var/log/ha-log\nkeepalive 1\ndeadtime 5\nucast eth1 10.78.0.2\nauto_failback on\nnode alpha beta\n',
  authkeys: 'auth 1\n1 sha1 key\n',
  haresources: 'alpha IPaddr2::10.77.0.5\n',
}

/** cases.txt -> [{ file, name, text, mode }] with the whole text of the file in question; null: no such file. */
export function readCases(source) {
  return source
    .split(/^== /m)
    .slice(1)
    .map(block => {
      const [head, ...rest] = block.replace(/\n$/, '').split('\n')
      const [, file, name] = /^(\S+) (.*)$/.exec(head)
      const mode = rest.find(line => line.startsWith('%mode '))?.slice(6) ?? '600'
      const missing = rest.includes('%missing')
      const lines = rest.filter(line => !line.startsWith('%mode') && line !== '%missing')
      let text = lines.map(line => `${line}\n`).join('')
      if (file === 'ha.cf') text = edited(base['ha.cf'], lines)
      return { file, name, text: missing ? null : text, mode }
    })
}

function edited(text, edits) {
  let lines = text.trimEnd().split('\n')
  for (const edit of edits) {
    const line = edit.slice(2).replace('\\r', '\r').replace(/%(\d+)%/, (_, count) => 'x'.repeat(Number(count)))
    if (edit.startsWith('+')) lines.push(line)
    else if (edit.startsWith('^')) lines.unshift(line)
    else if (edit.startsWith('-')) lines = lines.filter(old => !old.startsWith(`${line} `))
    else throw new Error(`not an edit: ${edit}`)
  }
  return lines.map(line => `${line}\n`).join('')
}

function judge({ file, text, mode }) {
  const root = mkdtempSync(join(tmpdir(), 'heartbeat-verdict-'))
  try {
    for (const folder of ['ha.d', 'lib', 'log', 'run']) mkdirSync(join(root, folder))
    for (const [name, content] of Object.entries({ ...base, [file]: text })) {
      if (content !== null) writeFileSync(join(root, 'ha.d', name), content)
    }
    if (file !== 'authkeys' || text !== null) chmodSync(join(root, 'ha.d/authkeys'), Number.parseInt(mode, 8))
    writeFileSync(join(root, 'hosts'), '127.0.0.1 localhost\n10.78.0.1 alpha\n10.78.0.2 beta\n')
    writeFileSync(
      join(root, 'init.sh'),
      `mount --make-rprivate /
cp -a /etc/ha.d/shellfuncs /etc/ha.d/harc /etc/ha.d/rc.d /etc/ha.d/resource.d ${root}/ha.d/; cp -a /var/lib/heartbeat/. ${root}/lib/
mount --bind ${root}/ha.d /etc/ha.d; mount --bind ${root}/lib /var/lib/heartbeat; mount --bind ${root}/log /var/log
mount --bind ${root}/hosts /etc/hosts; mount --bind ${root}/run /run; mount --bind /bin/true "$(readlink -f /sbin/reboot)"
umount -l /proc; mount -t proc proc /proc
mkdir -p /run/lock/subsys /run/heartbeat/ccm /run/heartbeat/crm /run/resource-agents; chown -R hacluster:haclient /run/heartbeat
hostname alpha; ip link set lo up; ip link add eth1 type veth peer name peer1
ip addr add 10.78.0.1/24 brd + dev eth1; ip link set eth1 up; ip link set peer1 up; cd /
timeout -s KILL 1 ${heartbeat} -f >${root}/out 2>&1
echo $? >${root}/status
`,
    )
    const flags = ['-m', '-u', '-i', '-n', '-p', '--fork', '--kill-child=KILL', 'bash', join(root, 'init.sh')]
    spawnSync('unshare', flags, { timeout: 20_000, stdio: 'ignore' })
    const status = Number(readFileSync(join(root, 'status'), 'utf8'))
    const messages = readFileSync(join(root, 'out'), 'utf8')
      .split('\n')
      .map(line => line.replace(/^.*?: \[\d+\]: (?=[A-Za-z]+:)/, '').replace(/^baudrate .*?statements/, ''))
      .filter(line => /^(ERROR|WARN|CRIT)|^heartbeat:|^Warn time|invalid|specified/.test(line))
      .filter(line => !/Core dumps|core_pattern|core_uses_pid|lock ourselves|Logging daemon is dis|No Previous/.test(line))
      .map(line => line.slice(0, 200))
    // 137: it was still running when the time was up, so it had accepted its configuration.
    return { exit: status === 137 ? 0 : status, messages }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const here = new URL('.', import.meta.url)
const recorded = readCases(readFileSync(new URL('cases.txt', here), 'utf8')).map(one => ({ ...one, ...judge(one) }))
writeFileSync(new URL('recorded.json', here), `[\n${recorded.map(one => JSON.stringify(one)).join(',\n')}\n]\n`)
console.log(`${recorded.length} cases recorded`)
