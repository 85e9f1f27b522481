/** What was measured, by figure and contestant, and its table: medians, maxima, ratio to the original, aim. */
import { median, printJson, printTable } from '../report.js'
import type { Kind } from './contestants.js'

export interface Figure {
  readonly name: string
  readonly unit: 'ms' | 's' | 'MB' | ''
  readonly aim?: { readonly median?: number; readonly max?: number; readonly min?: number }
}

const KINDS: readonly Kind[] = ['ours', 'original', 'keepalived']
const shown = (value: number): string =>
  Number.isNaN(value) ? '' : value.toFixed(Math.abs(value) < 10 && !Number.isInteger(value) ? 2 : 0)

export class Results {
  readonly #figures = new Map<string, { figure: Figure; values: Map<Kind, number[]> }>()

  add(figure: Figure, kind: Kind, ...values: readonly number[]): void {
    const row = this.#figures.get(figure.name) ?? { figure, values: new Map() }
    this.#figures.set(figure.name, row)
    row.values.set(kind, [...(row.values.get(kind) ?? []), ...values])
  }

  print(): void {
    const head = ['figure', 'unit', 'n', ...KINDS.map(kind => `${kind} med / max`), 'ratio', 'aim', 'met']
    printTable(head, [...this.#figures.values()].map(rowOf))
    const figures = [...this.#figures.values()].map(({ figure, values }) => ({
      figure: figure.name,
      unit: figure.unit,
      aim: figure.aim,
      isMet: isMet(figure, values.get('ours') ?? []),
      ...Object.fromEntries([...values].map(([kind, all]) => [kind, summary(all)])),
    }))
    printJson('failover', { figures })
  }
}

function rowOf({ figure, values }: { figure: Figure; values: Map<Kind, number[]> }): string[] {
  const of = (kind: Kind): number[] => values.get(kind) ?? []
  const cells = KINDS.map(kind =>
    of(kind).length === 0 ? '-' : `${shown(median(of(kind)))} / ${shown(Math.max(...of(kind)))}`,
  )
  const counts = KINDS.map(kind => of(kind).length).filter(count => count > 0)
  const ratio = median(of('ours')) / median(of('original'))
  const met = isMet(figure, of('ours'))
  return [
    ...[figure.name, figure.unit, [...new Set(counts)].join(','), ...cells],
    ...[
      Number.isFinite(ratio) ? ratio.toFixed(3) : '',
      aimText(figure),
      met === null ? '' : met ? 'yes' : 'NO',
    ],
  ]
}

function isMet({ aim }: Figure, ours: readonly number[]): boolean | null {
  if (aim === undefined || ours.length === 0) return null
  return (
    median(ours) <= (aim.median ?? Number.POSITIVE_INFINITY) &&
    Math.max(...ours) <= (aim.max ?? Number.POSITIVE_INFINITY) &&
    Math.min(...ours) >= (aim.min ?? Number.NEGATIVE_INFINITY)
  )
}

function aimText({ aim = {} }: Figure): string {
  const parts = [
    aim.median === undefined ? '' : `med <= ${aim.median}`,
    aim.min === undefined ? '' : `all >= ${aim.min}`,
    aim.max === undefined ? '' : `max <= ${aim.max}`,
  ]
  return parts.filter(part => part !== '').join(', ')
}

function summary(all: readonly number[]) {
  const rounded = (value: number): number => Number(value.toFixed(3))
  return {
    n: all.length,
    median: rounded(median(all)),
    max: rounded(Math.max(...all)),
    min: rounded(Math.min(...all)),
  }
}
