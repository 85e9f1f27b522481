/**
 * Work for the resource runner, one job at a time, in order. Who asks for a job says what to do when it has ended.
 */
import type { Chronicle } from './chronicle.js'
import { type Bits, className } from './classes.js'
import type { GroupName, NodeName, ResourceJob, ResourceJobKind } from './contract.js'

export interface JobRequest {
  readonly what: ResourceJobKind
  readonly bits: Bits
  readonly node: NodeName
  readonly key?: string
  readonly why: string
  readonly whenEnded: (failed: readonly GroupName[]) => void
}

/** Far more than any sequence of events leaves waiting; a request beyond it is refused. */
const WAITING_MAX = 64

export class Jobs {
  #waiting: JobRequest[] = []
  #current: { readonly job: ResourceJob; readonly request: JobRequest } | undefined
  #lastJob = 0
  readonly #chronicle: Chronicle

  constructor(chronicle: Chronicle) {
    this.#chronicle = chronicle
  }

  get isIdle(): boolean {
    return this.#current === undefined && this.#waiting.length === 0
  }

  get current(): ResourceJob | undefined {
    return this.#current?.job
  }

  add(request: JobRequest): void {
    if (this.#waiting.length >= WAITING_MAX) return
    this.#waiting.push(request)
    this.#next()
  }

  /** Takes back what has not begun. */
  clear(): void {
    this.#waiting = []
  }

  ended(job: number, failed: readonly GroupName[]): void {
    if (this.#current?.job.job !== job) return
    const { request } = this.#current
    this.#current = undefined
    request.whenEnded(failed)
    this.#next()
  }

  #next(): void {
    if (this.#current !== undefined) return
    const request = this.#waiting.shift()
    if (request === undefined) return
    const job: ResourceJob = {
      job: ++this.#lastJob,
      what: request.what,
      resourceClass: className(request.bits),
      node: request.node,
      ...(request.key === undefined ? {} : { key: request.key }),
      why: request.why,
    }
    this.#current = { job, request }
    this.#chronicle.push({ kind: 'run', ...job })
  }
}
