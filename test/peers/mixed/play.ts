/**
 * Plays a life with one node of each kind and compares it with two originals: who owns what at the end of each step,
 * that our node says what an original says in its place, and that the original complains of nothing that it would not
 * complain of beside its own kind.
 */
import { existsSync } from 'node:fs'
import type { ExecutionContext } from 'ava'
import { until } from '../harness.js'
import { Cluster, type Kinds, type NodeName } from './cluster.js'
import { type Life, ownersOf, titleOf } from './lives.js'
import { type Recording, readRecording, recordingPath, type Said } from './recording.js'
import { isComplaint, owedBy, said } from './said.js'

/** Some lines follow only when links expire, or at the pace of a busy machine. */
const LINES_WITHIN_MS = 12_000

/**
 * Said by an original that has lost a message which its own script wrote into its own FIFO, as it does at times on a busy
 * machine, whoever the peer is: it then never takes its group.
 */
const HAS_LOST_ITS_OWN = /msg2string: Message with zero fields/

/** `ours` is the node that runs our daemon. Played once more where the original has failed by itself. */
export async function playMixed(t: ExecutionContext, life: Life, ours: NodeName): Promise<void> {
  const theirs = ours === 'alpha' ? 'beta' : 'alpha'
  const open = (): Promise<Cluster> =>
    Cluster.open(t, { [ours]: 'ours', [theirs]: 'original' } as Kinds, life.files)
  let cluster = await open()
  const recording = existsSync(recordingPath(life.name)) ? readRecording(life.name) : new Map<string, Said>()
  try {
    await play(cluster, life, recording)
  } catch (error) {
    if (!HAS_LOST_ITS_OWN.test(cluster.log(theirs))) throw error
    t.log(`${life.name}, ours is ${ours}: played again, ${theirs} (original) has lost a message to itself`)
    cluster = await open()
    await play(cluster, life, recording)
  }
  const usual = complaintsIn(recording).add(AT_EVERY_START)
  const news = said(cluster.log(theirs)).filter(
    line => isComplaint(line) && !usual.has(nameless(line)) && !life.usual?.test(line),
  )
  t.deepEqual(news, [], `${theirs} (original) beside our ${ours} in ${life.name}:\n${cluster.tail()}`)
}

async function play(cluster: Cluster, life: Life, recording: Recording): Promise<void> {
  const { ours } = cluster
  for (const [index, step] of life.steps.entries()) {
    const title = titleOf(index, step)
    const from = cluster.log(ours).length
    await step.act(cluster)
    await cluster.settles(`${life.name}, ours is ${ours}, ${title}`, ownersOf(step, ours), step.limitMs)
    const owed = owedBy(ours, title, recording.get(title)?.[ours] ?? [])
    await saysAll(cluster, ours, title, from, owed)
  }
}

async function saysAll(
  cluster: Cluster,
  node: NodeName,
  title: string,
  from: number,
  owed: readonly string[],
): Promise<void> {
  const missing = (): string[] => {
    const heard = new Set(said(cluster.log(node).slice(from)))
    return owed.filter(line => !heard.has(line))
  }
  await until('the lines of the original', LINES_WITHIN_MS, () => missing().length === 0).catch(() => {
    throw new Error(
      `${title}: our ${node} does not say\n  ${missing().join('\n  ')}\nbut\n${cluster.log(node).slice(from)}`,
    )
  })
}

/** In a namespace, where nobody raised the limit: in every log of an original. */
const AT_EVERY_START =
  'heartbeat ERROR: Cannot lock ourselves into memory:  System limits on locked-in memory are too small.'

/** Of either original: in the mirrored life they change places. */
function complaintsIn(recording: Recording): Set<string> {
  const said = [...recording.values()].flatMap(step => [...step.alpha, ...step.beta])
  return new Set(said.filter(isComplaint).map(nameless))
}

const nameless = (line: string): string => line.replace(/\b(alpha|beta)\b/g, 'NODE')
