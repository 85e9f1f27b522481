import { readFileSync } from 'node:fs'
import test from 'ava'
import { adapted, clusterOf, environmentOf, layoutOf, servicesOf } from '../../src/demo/layout.js'

const ldirectordCf = readFileSync('etc-ha.d/ldirectord.cf', 'utf8')
const haCf = readFileSync('etc-ha.d/ha.cf', 'utf8')

test('the sample ldirectord.cf names one service, three real servers and a sorry server', t => {
  t.deepEqual(servicesOf(ldirectordCf), {
    service: { address: '127.77.0.100', port: 8080 },
    webServers: [
      { name: 'real1', address: '127.77.0.11', port: 8081 },
      { name: 'real2', address: '127.77.0.12', port: 8081 },
      { name: 'real3', address: '127.77.0.13', port: 8081 },
      { name: 'sorry', address: '127.77.0.20', port: 8082 },
    ],
  })
})

test('a second virtual service and commented lines are left alone', t => {
  const text =
    '#virtual=1.2.3.4:1\nvirtual=1.2.3.4:5\n    #real=1.1.1.1:1 masq\nvirtual=9.9.9.9:9\n    real=8.8.8.8:8 masq\n'
  t.deepEqual(servicesOf(text), { service: { address: '1.2.3.4', port: 5 }, webServers: [] })
  t.is(servicesOf('checkinterval=1\n'), null)
})

test('node names and port come from ha.cf, the port defaults to 694', t => {
  t.deepEqual(clusterOf(haCf), { names: ['alpha', 'beta'], udpPort: 6940 })
  t.deepEqual(clusterOf('node a # b\nnode c\n'), { names: ['a', 'c'], udpPort: 694 })
})

test("a node's copy of a sample file differs in log files only", t => {
  const copy = adapted(haCf, { varLog: '/s/alpha/log' }, '127.77')
  const changed = copy.split('\n').filter((line, index) => line !== haCf.split('\n')[index])
  t.deepEqual(changed, ['logfile /s/alpha/log/ha-log'])
  const cf = adapted(ldirectordCf, { varLog: '/s/alpha/log' }, '127.77')
  const cfChanged = cf.split('\n').filter((line, index) => line !== ldirectordCf.split('\n')[index])
  t.deepEqual(cfChanged, ['logfile="/s/alpha/log/ldirectord.log"'])
})

test('with another net no address of the sample net remains', t => {
  for (const text of [haCf, ldirectordCf])
    t.false(adapted(text, { varLog: '/x' }, '127.78').includes('127.77.'))
})

test('the nodes share no folder and no address', t => {
  const layout = layoutOf('/s', '127.77', clusterOf(haCf), servicesOf(ldirectordCf)!)
  const values = layout.nodes.flatMap(node => {
    const { SYSTOLE_DEMO, HA_LISTEN, ...folders } = environmentOf(layout, node)
    t.is(SYSTOLE_DEMO, '/s')
    return [...Object.values(folders), ...(HA_LISTEN ?? '').split(' ')]
  })
  t.is(new Set(values).size, 12)
  for (const address of layout.nodes.flatMap(node => node.addresses)) {
    t.true(haCf.includes(`ucast lo ${address}\n`), `${address} is a link of ha.cf`)
  }
})
