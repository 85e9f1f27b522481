/** Virtual time: what happens when, in order. Same time, first come first served, so that a run can be replayed. */

interface Entry {
  readonly atMs: number
  readonly order: number
  readonly act: () => void
}

export class Timeline {
  nowMs = 0
  #heap: Entry[] = []
  #order = 0

  at(atMs: number, act: () => void): void {
    const heap = this.#heap
    heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, act })
    let at = heap.length - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at]!, heap[parent]!)) break
      swap(heap, at, parent)
      at = parent
    }
  }

  in(ms: number, act: () => void): void {
    this.at(this.nowMs + ms, act)
  }

  /** When the next thing happens; null: nothing is to come. */
  get nextMs(): number | null {
    return this.#heap[0]?.atMs ?? null
  }

  /** Lets the next thing happen, late if its time has passed already. */
  runNext(): void {
    const entry = this.#pop()
    this.nowMs = Math.max(this.nowMs, entry.atMs)
    entry.act()
  }

  /** Runs everything up to and including untilMs. */
  run(untilMs: number, afterEach: () => void = () => {}): void {
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) {
      this.runNext()
      afterEach()
    }
    this.nowMs = untilMs
  }

  #pop(): Entry {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      this.#sink()
    }
    return first
  }

  #sink(): void {
    const heap = this.#heap
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      if (least === at) return
      swap(heap, at, least)
      at = least
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function swap(heap: Entry[], a: number, b: number): void {
  const entry = heap[a]!
  heap[a] = heap[b]!
  heap[b] = entry
}
