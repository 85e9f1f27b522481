/** deploy.cf: what is read, and what is said about what cannot be meant. Values come through the package ini, as in use. */
import test from 'ava'
import ini from 'ini'
import { readConfig } from '../../../src/deploy/config/read.js'
import { render } from '../../../src/syntax/diagnostic.js'

const read = (text: string) => readConfig('deploy.cf', text, ini.parse(text))
const said = (text: string): string[] => read(text).diagnostics.map(render)

const LEAST = `[deploy]
application = shop
deploy_to = /srv/shop
[host:web1]
address = 10.10.0.7
real = 10.10.0.7:80
`

test('the least file is valid and has the defaults of the tables', t => {
  const { config, diagnostics } = read(LEAST)
  t.deepEqual(diagnostics, [])
  t.like(config, {
    deploy: {
      application: 'shop',
      deploy_to: '/srv/shop',
      keep: 5,
      min_up: { percent: 50 },
      shared_dirs: [],
    },
    drain: { max: 900, on_timeout: 'ask', expire_template: 'auto' },
    health: { check: 'ldirectord', rise: 3 },
    hooks: { on_switch: null },
    hosts: [{ name: 'web1', address: { host: '10.10.0.7', port: null }, user: null, real: ['10.10.0.7:80'] }],
  })
})

test('comments, lists, quotes, ports and a dot in the name of a host are read', t => {
  const { config, diagnostics } = read(
    `${LEAST}
[deploy2]
`.replace('[deploy2]\n', '') +
      `[host:web2.example.com]
address = [fd00::8]:2222      ; a comment
real[] = 10.10.0.8:80
real[] = [fd00::8]:443
[hooks]
on_switch = "systemctl reload php-fpm; logger done # really"
[notify]
mail[] = a@example.com
mail[] = b@example.com
`,
  )
  t.deepEqual(diagnostics, [])
  t.like(config!.hosts[1], {
    name: 'web2.example.com',
    address: { host: 'fd00::8', port: 2222 },
    real: ['10.10.0.8:80', '[fd00::8]:443'],
  })
  t.is(config!.hooks.on_switch, 'systemctl reload php-fpm; logger done # really')
  t.deepEqual(config!.notify.mail, ['a@example.com', 'b@example.com'])
})

const faults: readonly (readonly [what: string, text: string, report: RegExp])[] = [
  [
    'a mistyped key',
    `${LEAST}[drain]\nmx = 5\n`,
    /^deploy\.cf:8:1: error: unknown key mx in \[drain\] \[unknown-key\]\n {4}mx = 5\n {4}\^~\n {4}help: did you mean max\?/,
  ],
  ['a key of another section', `${LEAST}[drain]\nknown_hosts = x\n`, /help: known_hosts belongs to \[ssh\]/],
  [
    'a mistyped section',
    `${LEAST}[helth]\n`,
    /deploy\.cf:7:1: error: unknown section \[helth\].*\n.*\n.*\n.*did you mean \[health\]\?/,
  ],
  [
    'a value of the wrong form',
    `${LEAST}[drain]\nmax =  ten\n`,
    /^deploy\.cf:8:8: error: max wants whole seconds from 1 to 86400; found "ten" \[value\]\n {4}max = {2}ten\n {11}\^~~/,
  ],
  [
    'a key given twice',
    `${LEAST}[drain]\nmax = 5\nmax = 6\n`,
    /deploy\.cf:9:1: error: max is given twice \(first at deploy\.cf:8\)/,
  ],
  [
    'a section given twice',
    `${LEAST}[drain]\n[drain]\n`,
    /\[drain\] is given twice \(first at deploy\.cf:7\)/,
  ],
  [
    'a list without brackets given twice',
    `${LEAST}[notify]\nmail = a\nmail = b\n`,
    /write each as mail\[\] = /,
  ],
  ['brackets behind what is no list', `${LEAST}[drain]\nmax[] = 5\n`, /max holds one value/],
  ['a key without a value', `${LEAST}[drain]\nmax\n`, /max wants max = seconds/],
  [
    'a key before the first section',
    `max = 5\n${LEAST}`,
    /deploy\.cf:1:1: error: max stands before the first section/,
  ],
  [
    'a value cut at a semicolon',
    `${LEAST}[hooks]\non_switch = true;false\n`,
    /warning: on_switch ends at 8:17: what follows is a comment/,
  ],
  [
    'the root as a place to release to',
    LEAST.replace('/srv/shop', '/'),
    /deploy_to wants a full path below \//,
  ],
  ['a step upwards', LEAST.replace('/srv/shop', '/srv/../etc'), /deploy_to wants a full path/],
  [
    'a shared path that leaves the release',
    `${LEAST.replace('[host', 'shared_dirs[] = ../x\n[host')}`,
    /shared_dirs wants a path inside the release/,
  ],
  ['strict = no', `${LEAST}[ssh]\nstrict = no\n`, /strict wants yes or accept-new; found "no"/],
  [
    'slow_start',
    `${LEAST}[drain]\nmethod = maintenancedir\n[health]\nslow_start = 5\n`,
    /slow_start wants method = weight or auto/,
  ],
  ['no hosts', '[deploy]\napplication = a\ndeploy_to = /x\n', /there is no host/],
  [
    'no application',
    '[deploy]\ndeploy_to = /x\n[host:a]\naddress = a\nreal = 10.0.0.1:80\n',
    /\[deploy\] wants application/,
  ],
  [
    'a host without a real',
    '[deploy]\napplication = a\ndeploy_to = /x\n[host:a]\naddress = a\n',
    /deploy\.cf:4:1: error: \[host:a\] wants real/,
  ],
  [
    'a real of two hosts',
    `${LEAST}[host:web2]\naddress = b\nreal = 10.10.0.7:80\n`,
    /10\.10\.0\.7:80 is the real of web1 already/,
  ],
  ['directors by ssh without one', `${LEAST}[director]\nmode = ssh\n`, /mode = ssh wants hosts\[\]/],
  ['a word of JavaScript as a name', `${LEAST}[deploy]\nconstructor = 1\n`, /unknown key constructor/],
]
for (const [what, text, report] of faults) {
  test(`it is said with its place: ${what}`, t => {
    t.regex(said(text).join('\n'), report)
  })
}

test('every fault of a file is told, not only the first, and then there is no configuration', t => {
  const { config, diagnostics } = read(`${LEAST}[drain]\nmax = ten\nmx = 1\n[ssh]\nport = 70000\n`)
  t.is(config, null)
  t.is(diagnostics.length, 3)
})
