/** A bench with many servers from its command line to its table of figures. */
import { askedParts } from '../asked-parts.js'
import { Figures } from './figures.js'
import { inRig } from './rig.js'

export type Part = (folder: string, figures: Figures, times: number) => Promise<void>

export async function runParts(
  bench: string,
  parts: Readonly<Record<string, Part>>,
  limits: { readonly limitMs: number; readonly usualTimes: number },
): Promise<void> {
  const { names, times } = askedParts(bench, parts, limits.usualTimes)
  await inRig(bench, limits.limitMs, async folder => {
    const figures = new Figures()
    for (const name of names) {
      process.stdout.write(`part ${name}\n`)
      await parts[name]!(folder, figures, times)
    }
    figures.print(bench)
  })
}
