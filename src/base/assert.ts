/**
 * Assertions for programmer errors. They stay on in production: a wrong decision about who owns an address is
 * worse than a crash. No peer, file, script or network may ever be able to trigger one.
 */

class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
}

/** Throws {@link AssertionFailure} with the given sentence unless the condition holds. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new AssertionFailure(sentence)
}

/** The default branch of a switch over a union: a new member does not compile until it has been answered. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${JSON.stringify(value)}`)
}
