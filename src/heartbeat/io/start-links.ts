/**
 * The first lines of a life, in the order of the original, and between them the links: what the files say that is
 * taken nevertheless, what becomes of the media on this machine, which of them have started. Fails with a StartFailure.
 */
import { mkdirSync } from 'node:fs'
import type { Level } from '../../log/record.js'
import { render } from '../../syntax/diagnostic.js'
import { withoutEffect } from '../cluster-config.js'
import type { Link, LinkHandlers } from '../links/link.js'
import * as lines from '../log-lines.js'
import { RELEASE, VERSION } from '../version.js'
import type { Configuration } from './configuration.js'
import { mediumStarted, openMedia, planMedia } from './media.js'
import { attempt } from './start-failure.js'

type Say = (level: Level, text: string) => void

export interface StartLinksOptions {
  /** Own addresses that the interfaces do not tell (HA_LISTEN). */
  readonly listen: readonly string[]
  /** Made where they are missing: from here on files are written. */
  readonly folders: readonly string[]
  readonly say: Say
  readonly onPacket: LinkHandlers['onPacket']
}

export async function startLinks(
  configuration: Configuration,
  { listen, folders, say, onPacket }: StartLinksOptions,
): Promise<readonly Link[]> {
  sayJudged(configuration, say)
  const planned = await planMedia(configuration.haCf.media, listen)
  for (const { level, text } of planned.lines) say(level, text)
  say('info', '**************************')
  say('info', `Configuration validated. Starting heartbeat ${RELEASE}`)
  say('info', `heartbeat: version ${VERSION}`)
  for (const folder of folders) {
    attempt(`cannot make ${folder}`, () => mkdirSync(folder, { recursive: true }))
  }
  const onTrouble = (sentence: string, link: string): void => say('ERROR', `${link}: ${sentence}`)
  const links = await openMedia(planned.plans, { onPacket, onTrouble })
  for (const plan of planned.plans) say('info', `glib: ${mediumStarted(plan)}`)
  for (const { remark } of links) if (remark) say('WARN', remark)
  return links
}

/** What the files ask for that is not quite as it should be, or is not done. */
function sayJudged({ haCf, diagnostics }: Configuration, say: Say): void {
  const first = [...(haCf.use_logd ? lines.throughLogd() : []), lines.pacemakerSupport()]
  for (const { level, text } of first) say(level, text)
  for (const diagnostic of diagnostics) {
    say('WARN', render(diagnostic).split('\n', 1)[0]!)
    const said = lines.takenNevertheless(diagnostic.code, diagnostic.original)
    for (const { level, text } of said) say(level, text)
  }
  for (const name of withoutEffect(haCf)) say('info', `${name} is accepted and has no effect here`)
}
