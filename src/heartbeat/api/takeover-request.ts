/**
 * hb_takeover, which the original leaves to a script of rc.d: a node asks for resources, and the one that hears it
 * goes standby for them. Classes change sides: what is local to the asker is foreign to the giver.
 */
import { Message } from '../wire/message.js'

const IN_OUR_WORDS: Readonly<Record<string, string>> = {
  all: 'all',
  local: 'foreign',
  foreign: 'local',
  // The original's script knows no such case and gives everything away; what was meant is the other way round.
  failback: 'local',
}

/** What we submit in answer; null when the request is our own or names no class. */
export function answerToTakeover(message: Message, us: string): Message | null {
  if (message.type !== 'hb_takeover' || message.text('src') === us) return null
  const wanted = IN_OUR_WORDS[message.text('rsc_hold') ?? '']
  if (wanted === undefined) return null
  return Message.of(['t', 'ask_resources'], ['rsc_hold', wanted], ['info', 'me'])
}
