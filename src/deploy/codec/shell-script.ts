/**
 * What is fed to `sh -eu` on its standard input, here or at the other end of ssh: the words as a `set --` line, then a
 * script of scripts.ts inside a function. The remote login shell sees the constant command only, no value stands in
 * any argument list, and a text that is cut by a lost connection runs nothing, because the call is its last line.
 */

/** One word for a POSIX shell: nothing inside single quotes has a meaning but the quote that ends them. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** null: a word that no shell can hold (it has a NUL). */
export function printScript(body: string, words: readonly string[]): string | null {
  if (words.some(word => word.includes('\0'))) return null
  // Children read from /dev/null: what is left of the script is not their input.
  return `set -- ${words.map(quote).join(' ')}\nmain() {\n${body.trim()}\n}\nmain "$@" </dev/null\n`
}
