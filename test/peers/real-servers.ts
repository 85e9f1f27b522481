/**
 * Servers from Debian on loopback for the checks: each is written a small configuration into a folder of its own, is
 * started there, waited for, and ended by its process id when the test ends.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { temporaryFolder } from '../temporary-folder.js'
import { until } from './harness.js'
import { postgresFolder } from './machine.js'

export interface Place {
  readonly t: ExecutionContext
  readonly folder: string
  /** Writes a file and gives its path. */
  readonly file: (name: string, text: string, mode?: number) => string
  /** Runs a preparing program to its end. */
  readonly prepare: (program: string, args: readonly string[], user?: User, input?: string) => void
  /** Starts the server and waits until its port accepts. */
  readonly start: (program: string, args: readonly string[], port: number, user?: User) => Promise<void>
}

interface User {
  readonly uid: number
  readonly gid: number
}

/** A user of /etc/passwd. */
function user(name: string): User {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
    .find(fields => fields[0] === name)
  if (!row) throw new Error(`this machine has no user ${name}`)
  return { uid: Number(row[2]), gid: Number(row[3]) }
}

export function place(t: ExecutionContext): Place {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o755)
  const prepare: Place['prepare'] = (program, args, as, input = '') => {
    const run = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: 60_000, input, ...as })
    if (run.status !== 0)
      throw new Error(`${program}: ${run.status}: ${`${run.stdout}${run.stderr}`.slice(-2_000)}`)
  }
  const start: Place['start'] = async (program, args, port, as) => {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...as })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', chunk => {
        said = (said + chunk).slice(-4_000)
      })
    t.teardown(() => ended(child))
    await until(`${program} accepts on port ${port}`, 30_000, async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`)
      return port === 0 || (await accepts(port))
    })
  }
  const file: Place['file'] = (name, text, mode = 0o644) => {
    writeFileSync(join(folder, name), text, { mode })
    return join(folder, name)
  }
  return { t, folder, file, prepare, start }
}

async function ended(child: ChildProcess): Promise<void> {
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  if (isOver()) return
  child.kill('SIGTERM')
  await until('the server ends', 10_000, isOver).catch(() => child.kill('SIGKILL'))
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function certificate({ folder, prepare }: Place, owner?: User): { key: string; certificate: string } {
  const [key, pem] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  prepare('openssl', [
    ...'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=elsewhere.example -keyout'.split(' '),
    key,
    '-out',
    pem,
  ])
  if (owner) chownSync(key, owner.uid, owner.gid)
  chmodSync(key, 0o600)
  return { key, certificate: pem }
}

export async function startSlapd(at: Place, port: number, tlsPort: number): Promise<void> {
  const { key, certificate: pem } = certificate(at)
  mkdirSync(join(at.folder, 'data'))
  const config = at.file(
    'slapd.conf',
    `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${at.folder}/slapd.pid
TLSCertificateFile ${pem}
TLSCertificateKeyFile ${key}
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw secret
directory ${at.folder}/data
`,
  )
  const entries = at.file(
    'entries.ldif',
    `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

`,
  )
  at.prepare('slapadd', ['-f', config, '-l', entries])
  const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`
  await at.start('slapd', ['-d', '0', '-f', config, '-h', urls], port)
}

export async function startDnsmasq(at: Place, port: number): Promise<void> {
  const options = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    `--port=${port}`,
    `--pid-file=${at.folder}/pid`,
    '--user=root',
    '--address=/www.example.org/192.0.2.7',
    '--ptr-record=7.2.0.192.in-addr.arpa,mail.example.org',
  ]
  await at.start('dnsmasq', options, port)
}

export async function startPostgres(at: Place, port: number): Promise<void> {
  const owner = user('postgres')
  const programs = postgresFolder()
  const data = join(at.folder, 'data')
  mkdirSync(data)
  chownSync(data, owner.uid, owner.gid)
  const { key, certificate: pem } = certificate(at, owner)
  const password = at.file('password', 'secret\n')
  at.prepare(
    `${programs}/initdb`,
    ['-D', data, '-U', 'alice', '-A', 'scram-sha-256', `--pwfile=${password}`, '-N', '-E', 'UTF8'],
    owner,
  )
  // TLS only, as many sites have it.
  writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n')
  const settings = { ssl: 'on', ssl_cert_file: pem, ssl_key_file: key, unix_socket_directories: data }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-F', ...options]
  await at.start(`${programs}/postgres`, args, port, owner)
}

export async function startMariadb(at: Place, port: number): Promise<void> {
  const owner = user('nobody')
  const data = join(at.folder, 'data')
  mkdirSync(data)
  chownSync(data, owner.uid, owner.gid)
  const base = ['--no-defaults', `--datadir=${data}`, '--innodb-buffer-pool-size=16M']
  // What mariadb-install-db does, whose helpers are in a larger package.
  const tables = ['mysql_system_tables', 'mysql_system_tables_data'].map(name =>
    readFileSync(`/usr/share/mysql/${name}.sql`, 'utf8'),
  )
  const create = `CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n${tables.join('\n')}`
  at.prepare('mariadbd', [...base, '--bootstrap'], owner, create)
  const first = at.file(
    'first.sql',
    [
      'CREATE DATABASE shop;',
      'CREATE TABLE shop.stock (n int);',
      "CREATE USER alice@localhost IDENTIFIED BY 'secret';",
      'GRANT SELECT ON shop.* TO alice@localhost;',
      '',
    ].join('\n'),
  )
  const options = [
    ...base,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${data}/socket`,
    `--pid-file=${data}/pid`,
    `--init-file=${first}`,
  ]
  await at.start('mariadbd', options, port, owner)
}

export async function startVsftpd(at: Place, port: number): Promise<void> {
  mkdirSync(join(at.folder, 'public'))
  at.file('public/check.txt', 'all is well\n')
  mkdirSync(join(at.folder, 'empty'))
  const config = at.file(
    'vsftpd.conf',
    `listen=YES
listen_address=127.0.0.1
listen_port=${port}
background=NO
anonymous_enable=YES
local_enable=NO
anon_root=${at.folder}/public
secure_chroot_dir=${at.folder}/empty
seccomp_sandbox=NO
xferlog_enable=NO
`,
  )
  await at.start('vsftpd', [config], port)
}

export async function startFreeradius(at: Place, port: number): Promise<void> {
  at.file('users', 'alice Cleartext-Password := "secret"\n')
  at.file(
    'radiusd.conf',
    `logdir = ${at.folder}
run_dir = ${at.folder}
pidfile = ${at.folder}/pid
libdir = /usr/lib/freeradius
max_request_time = 5
modules {
  files { usersfile = ${at.folder}/users }
  pap { }
}
client localhost {
  ipaddr = 127.0.0.1
  secret = sesame
  require_message_authenticator = yes
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
}
`,
  )
  await at.start('freeradius', ['-f', '-d', at.folder, '-n', 'radiusd', '-l', 'stdout'], 0)
}

export async function startSquid(at: Place, port: number): Promise<void> {
  const owner = user('proxy')
  chownSync(at.folder, owner.uid, owner.gid)
  const config = at.file(
    'squid.conf',
    `http_port 127.0.0.1:${port}
http_access allow all
cache deny all
access_log none
cache_log ${at.folder}/cache.log
pid_filename ${at.folder}/squid.pid
coredump_dir ${at.folder}
shutdown_lifetime 0 seconds
pinger_enable off
`,
  )
  await at.start('squid', ['-N', '-f', config], port)
}

export interface DovecotPorts {
  readonly imap: number
  readonly imaps: number
  readonly pop: number
  readonly pops: number
}

export async function startDovecot(at: Place, ports: DovecotPorts): Promise<void> {
  const { key, certificate: pem } = certificate(at)
  const owner = user('nobody')
  for (const name of ['mail', 'run', 'state']) mkdirSync(join(at.folder, name))
  chownSync(join(at.folder, 'mail'), owner.uid, owner.gid)
  const passwords = at.file('passwords', 'alice:{PLAIN}secret\n')
  const listener = (name: string, plain: number, secured: number): string => `
service ${name}-login {
  inet_listener ${name} {
    port = ${plain}
  }
  inet_listener ${name}s {
    port = ${secured}
    ssl = yes
  }
}`
  const config = at.file(
    'dovecot.conf',
    `protocols = imap pop3
listen = 127.0.0.1
base_dir = ${at.folder}/run
state_dir = ${at.folder}/state
log_path = ${at.folder}/log
ssl = yes
ssl_cert = <${pem}
ssl_key = <${key}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login
mail_location = maildir:${at.folder}/mail
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  args = ${passwords}
}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${at.folder}/mail
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
${listener('imap', ports.imap, ports.imaps)}
${listener('pop3', ports.pop, ports.pops)}
`,
  )
  await at.start('dovecot', ['-F', '-c', config], ports.imap)
}

/** Gives the path of its certificate, which it issued itself. */
export async function startNginx(
  at: Place,
  port: number,
  tlsPort: number,
): Promise<{ readonly pem: string }> {
  const { key, certificate: pem } = certificate(at)
  mkdirSync(join(at.folder, 'pages'))
  at.file('pages/check.txt', 'all is well\n')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const config = at.file(
    'nginx.conf',
    `daemon off;
master_process off;
pid ${at.folder}/pid;
error_log ${at.folder}/error.log;
events { }
http {
  access_log off;
${temporary.map(name => `  ${name}_temp_path ${at.folder}/${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${pem};
    ssl_certificate_key ${key};
    root ${at.folder}/pages;
    location /moved { return 302 https://127.0.0.1:${tlsPort}/check.txt; }
    location /host { return 200 "$host\n"; }
    location /busy { return 503; }
  }
}
`,
  )
  await at.start('nginx', ['-c', config, '-e', `${at.folder}/error.log`], port)
  return { pem }
}

export async function startExim(at: Place, port: number): Promise<void> {
  const owner = user('Debian-exim')
  chownSync(at.folder, owner.uid, owner.gid)
  const config = at.file(
    'exim.conf',
    `spool_directory = ${at.folder}
log_file_path = ${at.folder}/%slog
pid_file_path = ${at.folder}/pid
primary_hostname = mail.example.org
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_connect = accept
acl_smtp_helo = accept condition = \${if eq{$sender_helo_name}{localhost.localdomain}}
acl_smtp_rcpt = deny
keep_environment =
`,
  )
  // Exim takes another configuration only from root or its own user, who must also own the file.
  await at.start('exim4', ['-C', config, '-bdf', '-oX', `127.0.0.1.${port}`], port)
}

export async function startInn(at: Place, port: number): Promise<void> {
  const owner = user('news')
  for (const name of ['run', 'db', 'log', 'spool', 'overview', 'tmp', 'incoming', 'archive', 'articles']) {
    mkdirSync(join(at.folder, name))
    chownSync(join(at.folder, name), owner.uid, owner.gid)
  }
  at.file(
    'inn.conf',
    `mta: "/bin/false %s"
hismethod: hisv6
ovmethod: tradindexed
pathhost: news.example.org
domain: example.org
fromhost: example.org
organization: "Example"
pathnews: /usr/lib/news
pathbin: /usr/lib/news/bin
pathetc: ${at.folder}
patharchive: ${at.folder}/archive
patharticles: ${at.folder}/articles
pathdb: ${at.folder}/db
pathincoming: ${at.folder}/incoming
pathlog: ${at.folder}/log
pathoverview: ${at.folder}/overview
pathrun: ${at.folder}/run
pathspool: ${at.folder}/spool
pathtmp: ${at.folder}/tmp
port: ${port}
bindaddress: 127.0.0.1
bindaddress6: none
`,
  )
  at.file(
    'readers.conf',
    'auth "local" { hosts: "127.0.0.1" default: "local" }\naccess "local" { users: "local" newsgroups: "*" }\n',
  )
  for (const name of ['active', 'newsgroups', 'active.times']) at.file(`db/${name}`, '')
  at.file('storage.conf', 'method tradspool {\n  newsgroups: *\n  class: 0\n}\n')
  // Makes the index of the overview, without which the reader turns everybody away.
  at.prepare('env', [`INNCONF=${at.folder}/inn.conf`, '/usr/lib/news/bin/overchan'], owner)
  const nnrpd = ['/usr/lib/news/bin/nnrpd', '-D', '-f', '-n', '-p', String(port), '-4', '127.0.0.1']
  await at.start('env', [`INNCONF=${at.folder}/inn.conf`, ...nnrpd], port)
}

export async function startKamailio(at: Place, port: number): Promise<void> {
  const config = at.file(
    'kamailio.cfg',
    `#!KAMAILIO
fork=yes
children=1
tcp_children=1
log_stderror=yes
auto_aliases=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
loadmodule "sl.so"
request_route {
  if (method == "OPTIONS" && uri =~ "^sip:ldirectord@") {
    sl_send_reply("200", "OK");
    exit;
  }
  sl_send_reply("404", "Not here");
}
`,
  )
  await at.start(
    'kamailio',
    ['-f', config, '-DD', '-E', '-m', '8', '-M', '4', '-P', `${at.folder}/pid`, '-Y', at.folder],
    port,
  )
}
