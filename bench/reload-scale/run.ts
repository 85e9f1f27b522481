/**
 * Start and reload of big files side by side: ten reals a service, all answering; complete means that every real is in
 * service, and for who adds them before checking that every one was asked.
 *
 *     npm run bench reload-scale [PART ...] [N]      parts small (100 x 10) large (1000 x 10); N: reloads of each kind (3)
 */
import { runParts } from '../scale/run-parts.js'
import { large } from './large.js'
import { small } from './small.js'

await runParts('reload-scale', { small, large }, { limitMs: 295_000, usualTimes: 3 })
