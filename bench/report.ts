/** What every benchmark prints: a small table for people, one JSON line for machines. */

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** By linear interpolation between the two nearest values; NaN for none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = ((sorted.length - 1) * percent) / 100
  const low = sorted[Math.floor(place)] ?? Number.NaN
  const high = sorted[Math.ceil(place)] ?? Number.NaN
  return low + (high - low) * (place - Math.floor(place))
}

export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = [head, ...rows].map(row =>
    row.map(cell => (typeof cell === 'number' ? cell.toFixed(2) : cell)),
  )
  const widths = head.map((_, column) => Math.max(...cells.map(row => (row[column] ?? '').length)))
  for (const row of cells) {
    const padded = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    )
    process.stdout.write(`${padded.join('  ').trimEnd()}\n`)
  }
}

export function printJson(benchmark: string, figures: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ benchmark, node: process.version, ...figures })}\n`)
}
