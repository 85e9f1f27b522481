/**
 * Start and reload of big files side by side: ten reals a service, all answering; complete means that every real is in
 * service, and for who adds them before checking that every one was asked.
 *
 *     npm run bench reload-scale [PART ...] [N]      parts small (100 x 10) large (1000 x 10); N: reloads of each kind (3)
 */

import { Figures } from '../scale/figures.js'
import { inRig } from '../scale/rig.js'
import { large } from './large.js'
import { small } from './small.js'

const LIMIT_MS = 295_000
const RELOADS = 3
const PARTS = { small, large } as const
type PartName = keyof typeof PARTS
const isPart = (word: string): word is PartName => word in PARTS

const words = process.argv.slice(2)
const bad = words.find(word => !isPart(word) && !(Number(word) >= 1))
if (bad !== undefined) {
  process.stderr.write(`reload-scale: no part called ${bad}; there are: ${Object.keys(PARTS).join(', ')}\n`)
  process.exit(2)
}
const reloads = words.map(Number).find(number => number >= 1) ?? RELOADS
const wanted = words.filter(isPart)
await inRig('reload-scale', LIMIT_MS, async folder => {
  const figures = new Figures()
  for (const name of wanted.length > 0 ? wanted : (Object.keys(PARTS) as PartName[])) {
    process.stdout.write(`part ${name}\n`)
    await PARTS[name](folder, figures, reloads)
  }
  figures.print('reload-scale')
})
