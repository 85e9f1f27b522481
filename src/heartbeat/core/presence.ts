/**
 * Our own heartbeat: status messages on the beat of keepalive and at each change, with the dead time by which we want
 * to be judged (2 s more for 5 s after the start; 30 s more when the daemon re-executes itself).
 */
import * as lines from '../log-lines.js'
import type { Chronicle } from './chronicle.js'
import type { ClusterConfig, NodeStatus } from './contract.js'
import { printHex } from './numbers.js'
import type { Sender } from './sender.js'

const START_BONUS_MS = 2000
const START_BONUS_FOR_MS = 5000
const RESTART_BONUS_MS = 30_000
/** While leaving, a lost shutdone must be noticed soon: status messages come at least this often. */
const LEAVING_BEAT_MS = 250

export class Presence {
  status: NodeStatus = 'init'
  #bonusMs = START_BONUS_MS
  #bonusEndsMs = Number.POSITIVE_INFINITY
  #nextBeatMs = Number.POSITIVE_INFINITY
  #beatMs: number
  #isHastened = false
  #beatenAtMs: number | undefined
  readonly #config: ClusterConfig
  readonly #chronicle: Chronicle
  readonly #sender: Sender

  constructor(config: ClusterConfig, chronicle: Chronicle, sender: Sender) {
    this.#config = config
    this.#chronicle = chronicle
    this.#sender = sender
    this.#beatMs = config.keepaliveMs
  }

  start(nowMs: number): void {
    this.#bonusEndsMs = nowMs + START_BONUS_FOR_MS
    this.#nextBeatMs = nowMs + this.#beatMs
    this.#sendStatus(false)
    this.become('up')
  }

  become(status: NodeStatus): void {
    this.status = status
    this.#chronicle.log(lines.localStatus(status))
    this.#sendStatus(false)
  }

  /** The peers shall wait 30 s more: the daemon comes back with its resources. Said twice, in case of loss. */
  announceRestart(): void {
    this.#bonusMs = RESTART_BONUS_MS
    this.#bonusEndsMs = Number.POSITIVE_INFINITY
    this.#sendStatus(true)
    this.#sendStatus(true)
  }

  hasten(nowMs: number): void {
    this.#isHastened = true
    this.#beatMs = Math.min(this.#beatMs, LEAVING_BEAT_MS)
    this.#nextBeatMs = Math.min(this.#nextBeatMs, nowMs + this.#beatMs)
  }

  /** Other times: the peers are told at once by which they shall judge us. */
  settingsChanged(nowMs: number): void {
    this.#beatMs = this.#isHastened
      ? Math.min(this.#config.keepaliveMs, LEAVING_BEAT_MS)
      : this.#config.keepaliveMs
    this.#nextBeatMs = nowMs + this.#beatMs
    this.#sendStatus(true)
  }

  /** Beats out of turn, so that a peer that has just come back hears us at once. */
  beat(): void {
    this.#sendStatus(true)
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#bonusEndsMs) {
      this.#bonusMs = 0
      this.#bonusEndsMs = Number.POSITIVE_INFINITY
      this.#sendStatus(true)
    }
    if (nowMs < this.#nextBeatMs) return
    this.#noteLateness(nowMs)
    this.#sendStatus(true)
    this.#nextBeatMs += this.#beatMs
    if (this.#nextBeatMs <= nowMs) this.#nextBeatMs = nowMs + this.#beatMs
  }

  nextMs(): number {
    return Math.min(this.#nextBeatMs, this.#bonusEndsMs)
  }

  get deadtimeMs(): number {
    return this.#config.deadtimeMs + this.#bonusMs
  }

  /** We hear ourselves too: a node that was paused says so. */
  #noteLateness(nowMs: number): void {
    const intervalMs = Math.round(nowMs - (this.#beatenAtMs ?? nowMs))
    this.#beatenAtMs = nowMs
    const { us, deadtimeMs, warntimeMs } = this.#config
    if (intervalMs > deadtimeMs) this.#chronicle.log(lines.lateBeyondDeadtime(us, intervalMs))
    else if (intervalMs > warntimeMs) this.#chronicle.log(lines.lateHeartbeat(us, intervalMs))
  }

  #sendStatus(quiet: boolean): void {
    this.#sender.send(
      [
        ['t', 'status'],
        ['st', this.status],
        ['dt', printHex(this.deadtimeMs)],
        ['protocol', '1'],
      ],
      quiet,
    )
  }
}
