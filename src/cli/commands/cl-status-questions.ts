/**
 * The sub-commands of cl_status: what each asks the daemon, how it words the answer, and its exit code, as heartbeat
 * 3.0.6 does, also where its wording differs from one to the next.
 */
import type { ApiClient } from '../../heartbeat/io/api-client.js'
import type { Message } from '../../heartbeat/wire/message.js'

export const OK = 0
export const FAILED = 1
export const BAD_PARAMETER = 11
const OTHER = 13
const CLIENT_STATUS_MS = 500
const RUNNING = 'Heartbeat is running on this machine.'

export interface Call {
  readonly client: ApiClient
  /** The answer to the signon. */
  readonly daemon: Message
  /** Words that are no options. */
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
  readonly say: (line: string) => void
  /** An error line in the format of the log. */
  readonly complain: (...texts: string[]) => void
}

export interface SubCommand {
  readonly name: string
  /** As getopt reads them: a colon follows an option that takes a value. */
  readonly options: string
  readonly usage: string
  readonly help: string
  readonly run: (call: Call) => Promise<number>
}

const text = (answers: readonly Message[], name: string): string | undefined => answers[0]?.text(name)

/** A question about one node with one value as its answer. */
function aboutNode(
  reqtype: string,
  field: string,
  human: (node: string, value: string) => string,
  unknown: string,
  exitOf: (value: string) => number = () => OK,
): SubCommand['run'] {
  return async ({ client, words, options, say }) => {
    const [node] = words
    if (node === undefined) {
      say('Not enough parameters.')
      return BAD_PARAMETER
    }
    const value = text(await client.ask(reqtype, ['node', node]), field)
    if (value === undefined) {
      say(unknown)
      return BAD_PARAMETER
    }
    say(options.has('m') ? human(node, value) : value)
    return exitOf(value)
  }
}

/** Names of a node's links, as the original lists them: the last one first, each once. */
async function linksOf(client: ApiClient, node: string): Promise<string[] | null> {
  const answers = await client.ask('iflist', ['node', node])
  const names = answers.map(answer => answer.text('ifname') ?? '').filter(name => name !== '')
  return names.length === 0 ? null : [...new Set(names.reverse())]
}

const linkStatus = async (client: ApiClient, node: string, link: string): Promise<string | undefined> =>
  text(await client.ask('ifstatus', ['node', node], ['ifname', link]), 'st')

async function listLinks(call: Call, node: string, isVerbose: boolean): Promise<number> {
  const links = await linksOf(call.client, node)
  if (links === null) {
    call.complain('Cannot start heartbeat link interface walk.', 'REASON: EINVAL')
    return OTHER
  }
  if (call.options.has('m')) call.say('\tthis node has the following heartbeat links:')
  for (const link of links) {
    call.say(isVerbose ? `\t${link}\t${(await linkStatus(call.client, node, link)) ?? ''}` : `\t${link}`)
  }
  return OK
}

async function listNodes(call: Call): Promise<number> {
  const { client, options, say } = call
  const isVerbose = options.has('v')
  const nodes = (await client.ask('nodelist')).reverse()
  if (options.has('m')) say('The nodes are as follow:')
  for (const node of nodes) {
    const name = node.text('node') ?? ''
    const type = node.text('nodetype') ?? ''
    if ((options.has('p') && type !== 'ping') || (options.has('n') && type !== 'normal')) continue
    if (!isVerbose) say(name)
    else {
      say(`\n${name}\t${node.text('st') ?? ''}\t(nodetype: ${type})`)
      await listLinks({ ...call, options: new Map() }, name, true)
    }
  }
  return OK
}

async function hbstatus(call: Call): Promise<number> {
  const { daemon, options, say } = call
  if (!options.has('v') || options.has('m')) say(RUNNING)
  if (!options.has('v')) return OK
  const version = daemon.text('hbversion') ?? ''
  const isHuman = options.has('m')
  say(isHuman ? `Heartbeat version ${version}` : `version:\t${version}`)
  say(isHuman ? 'Resources controlled by "haresources"' : 'managed by:\t"haresources"')
  return listNodes({ ...call, options: new Map([['v', '']]) })
}

async function hbLinkStatus({ client, words, options, say, complain }: Call): Promise<number> {
  const [node, link] = words
  if (node === undefined || link === undefined) {
    say('No enough parameter.')
    return BAD_PARAMETER
  }
  const status = await linkStatus(client, node, link)
  if (status === undefined) {
    complain('Cannot get heartbeat link status', 'REASON: ')
    return OTHER
  }
  say(options.has('m') ? `The node ${node}'s heartbeat link ${link} is ${status}` : status)
  return status === 'up' ? OK : FAILED
}

const CLIENT_EXITS: Readonly<Record<string, number>> = { online: 0, offline: 1, join: 2, leave: 3 }

async function clientStatus({ client, words, say, complain }: Call): Promise<number> {
  const [node, name, limit] = words
  if (node === undefined || name === undefined) {
    say('No enough parameter.')
    return BAD_PARAMETER
  }
  const timeoutMs = Number.parseInt(limit ?? '', 10) || CLIENT_STATUS_MS
  const status = text(await client.askWithin(timeoutMs, 'clientstatus', ['node', node], ['cn', name]), 'cs')
  if (status === undefined) {
    complain(`Cannot get heartbeat client ${name}'s status`, 'REASON: No timely response.')
    return OTHER
  }
  say(status)
  return CLIENT_EXITS[status] ?? OTHER
}

async function resourceStatus({ client, options, say, complain }: Call): Promise<number> {
  const answers = await client.ask('getrsc')
  const held = text(answers, 'rsc_hold')
  if (held === undefined) {
    complain('Cannot get cluster resource status', `REASON: ${text(answers, 'info') ?? ''}`)
    return OTHER
  }
  say(options.has('m') ? `This node is holding ${held} resources.` : held)
  return OK
}

async function parameter({ client, daemon, options, say, complain }: Call): Promise<number> {
  const name = options.get('p')
  if (name === undefined) {
    complain('parameter name required')
    return BAD_PARAMETER
  }
  const fromSignon = name === 'hbversion' || name === 'pacemaker'
  const value = fromSignon ? daemon.text(name) : text(await client.ask('getparm', ['pname', name]), 'pvalue')
  if (value === undefined) {
    complain(`Cannot get parameter ${name}'s value`, 'REASON: ')
    return FAILED
  }
  say(options.has('m') ? `Heartbeat parameter ${name}'s value: ${value}` : value)
  return OK
}

async function selfTest({ client, daemon, say }: Call): Promise<number> {
  const ms = (name: string): number => Number.parseInt(daemon.text(name) ?? '', 16)
  const held = text(await client.ask('getrsc'), 'rsc_hold') ?? ''
  say(`Dead time: ${ms('deadtime')}\n keeplive time: ${ms('keepalive')}`)
  say(` mynodeid: ${daemon.text('node') ?? ''}\n rsc: ${held}`)
  return OK
}

const badNode = 'Error. May be due to incorrect node name'
const isWell = (status: string): number => (['active', 'up', 'ping'].includes(status) ? OK : FAILED)

export const SUB_COMMANDS: readonly SubCommand[] = [
  {
    name: 'clientstatus',
    options: 'm',
    usage: 'clientstatus NODE CLIENT [MILLISECONDS]',
    help: 'whether a client program is signed on at a node',
    run: clientStatus,
  },
  {
    name: 'hblinkstatus',
    options: 'm',
    usage: 'hblinkstatus NODE LINK',
    help: 'whether heartbeats of a node arrive over a link',
    run: hbLinkStatus,
  },
  {
    name: 'hbstatus',
    options: 'mv',
    usage: 'hbstatus [-v]',
    help: 'whether heartbeat runs here; -v: also version, nodes and links',
    run: hbstatus,
  },
  {
    name: 'listnodes',
    options: 'mpnv',
    usage: 'listnodes [-p|-n] [-v]',
    help: 'the nodes; -p: ping nodes only, -n: normal ones only, -v: also status, type and links',
    run: listNodes,
  },
  {
    name: 'listhblinks',
    options: 'mv',
    usage: 'listhblinks [-v] NODE',
    help: 'the links to a node; -v: also whether they are up',
    run: async call => {
      const [node] = call.words
      if (node !== undefined) return listLinks(call, node, call.options.has('v'))
      call.say('No enough parameter.')
      return BAD_PARAMETER
    },
  },
  {
    name: 'nodestatus',
    options: 'm',
    usage: 'nodestatus NODE',
    help: 'init, up, active, dead or ping; exit code 1 when the node is not well',
    run: aboutNode('nodestatus', 'st', (n, v) => `The cluster node ${n} is ${v}`, badNode, isWell),
  },
  {
    name: 'nodeweight',
    options: 'm',
    usage: 'nodeweight NODE',
    help: 'the weight of a node',
    run: aboutNode(
      'nodeweight',
      'weight',
      (n, v) => `The weight of the cluster node ${n} is ${v}`,
      'Error. Maybe due to incorrect node name.',
    ),
  },
  {
    name: 'nodesite',
    options: 'm',
    usage: 'nodesite NODE',
    help: 'the site of a node',
    run: aboutNode('nodesite', 'site', (n, v) => `The site of the cluster node ${n} is ${v}`, badNode),
  },
  {
    name: 'nodetype',
    options: 'm',
    usage: 'nodetype NODE',
    help: 'normal or ping',
    run: aboutNode('nodetype', 'nodetype', (n, v) => `The node ${n}'s type: ${v}`, badNode),
  },
  {
    name: 'rscstatus',
    options: 'm',
    usage: 'rscstatus',
    help: 'the resources that this node holds: none, local, foreign, all or transition',
    run: resourceStatus,
  },
  {
    name: 'hbparameter',
    options: 'mp:',
    usage: 'hbparameter -p NAME',
    help: 'the value of an ha.cf directive',
    run: parameter,
  },
  { name: 'test', options: 'm', usage: 'test', help: 'a few values at once', run: selfTest },
]
