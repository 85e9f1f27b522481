/** Counts of what has happened, by kind: that the inputs got far is a claim like any other. */
const KINDS_MAX = 2_000

export class Tally {
  readonly counts = new Map<string, number>()

  note(kind: string): void {
    const count = this.counts.get(kind)
    if (count !== undefined || this.counts.size < KINDS_MAX) this.counts.set(kind, (count ?? 0) + 1)
  }

  of(kind: string): number {
    return this.counts.get(kind) ?? 0
  }
}
