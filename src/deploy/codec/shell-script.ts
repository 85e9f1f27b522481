/**
 * What is fed to `sh -eu` on its standard input, here or at the other end of ssh: the words as a `set --` line, then a
 * script of scripts.ts as a function, and its call. The remote login shell sees the constant command only, no value
 * stands in any argument list, and of a text that was cut by a lost connection nothing runs: a shell reads a group in
 * braces to its end before it begins with it.
 */

/** One word for a POSIX shell: nothing inside single quotes has a meaning but the quote that ends them. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** null: a word that no shell can hold (it has a NUL). */
export function printScript(body: string, words: readonly string[]): string | null {
  if (words.some(word => word.includes('\0'))) return null
  // Children read from /dev/null: what is left of the script is not their input.
  return `{ set -- ${words.map(quote).join(' ')}\nmain() {\n${body.trim()}\n}\nmain "$@" </dev/null\n}\n`
}
