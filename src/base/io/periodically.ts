/** Does something again and again: the next time is counted from the end of the last, so it never runs twice at once. */

/** Gives the function that ends it. A failure of the work is not caught here, and does not end the repetition. */
export function periodically(everyMs: number, work: () => Promise<void>): () => void {
  let isStopped = false
  let timer: NodeJS.Timeout
  const again = (): void => {
    timer = setTimeout(() => {
      void work().finally(() => {
        if (!isStopped) again()
      })
    }, everyMs)
  }
  again()
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}
