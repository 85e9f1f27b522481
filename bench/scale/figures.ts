/** The figures of one run: ours, the peer's, their ratio, the aim, and whether it is met. */
import { printJson, printTable } from '../report.js'

export interface Figure {
  readonly name: string
  readonly ours: number
  /** null: there is nobody to compare with, or it did not end. */
  readonly peer?: { readonly name: string; readonly value: number | null }
  /** At most this: of ours itself, or of ours divided by the peer's. */
  readonly aim: { readonly value?: number; readonly ratio?: number }
}

export class Figures {
  readonly #all: Figure[] = []

  add(...figures: readonly Figure[]): void {
    this.#all.push(...figures)
  }

  print(benchmark: string): void {
    printTable(
      ['figure', 'ours', 'peer', '', 'ratio', 'aim', 'met'],
      this.#all.map(figure => {
        const { name, ours, peer } = figure
        const ratio = ratioOf(figure)
        return [
          name,
          shown(ours),
          peer?.name ?? '',
          peer === undefined ? '' : !Number.isFinite(peer.value) ? 'not ended' : shown(peer.value!),
          ratio === null ? '' : ratio.toFixed(3),
          aimText(figure),
          isMet(figure) ? 'yes' : 'NO',
        ]
      }),
    )
    const figures = this.#all.map(figure => ({ ...figure, ratio: ratioOf(figure), isMet: isMet(figure) }))
    printJson(benchmark, { figures })
  }
}

const shown = (value: number): string =>
  Number.isNaN(value) ? 'none' : value.toFixed(value < 10 && !Number.isInteger(value) ? 3 : 0)

function ratioOf({ ours, peer }: Figure): number | null {
  return Number.isFinite(peer?.value) && Number.isFinite(ours) ? ours / peer!.value! : null
}

function aimText({ aim }: Figure): string {
  return [
    aim.value === undefined ? '' : `<= ${aim.value}`,
    aim.ratio === undefined ? '' : `ratio <= ${aim.ratio}`,
  ]
    .filter(part => part !== '')
    .join(', ')
}

/** A peer that did not end is beaten by one that did. */
function isMet(figure: Figure): boolean {
  const { ours, aim } = figure
  if (Number.isNaN(ours)) return false
  const ratio = ratioOf(figure)
  return (
    ours <= (aim.value ?? Number.POSITIVE_INFINITY) && (ratio ?? 0) <= (aim.ratio ?? Number.POSITIVE_INFINITY)
  )
}
