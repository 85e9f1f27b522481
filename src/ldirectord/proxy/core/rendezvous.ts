/**
 * Highest random weight hashing (Thaler and Ravishankar 1998, weighted as by Mosharaf et al.): each candidate draws
 * a number from the key, the best draw wins. A candidate that leaves moves only its own callers, and callers are
 * shared out by weight, without a table. The kernel's sh refuses callers of a server at weight 0 unless sh-fallback
 * is set; here they always go to the next best draw.
 */
interface Drawer {
  readonly id: string
  readonly weight: number
}

export function rendezvous<T extends Drawer>(candidates: readonly T[], key: string): T {
  let best = candidates[0]!
  let bestScore = Number.NEGATIVE_INFINITY
  for (const candidate of candidates) {
    const score = candidate.weight / -Math.log(draw(`${key} ${candidate.id}`))
    if (score > bestScore) {
      best = candidate
      bestScore = score
    }
  }
  return best
}

/** FNV-1a, then the finishing steps of MurmurHash3; a number strictly between 0 and 1. */
function draw(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  return ((hash >>> 0) + 0.5) / 0x1_0000_0000
}
