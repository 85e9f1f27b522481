// Counts and shows the results of one ava run in TAP form: failures in full, passes only as a number.

const RESULT = /^(not ok|ok) \d+ - (.*)$/

/** Feed it the output of `ava --tap` in any pieces; `counts` is complete when the stream has ended. */
export function tapReader(print) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const skipped = []
  let rest = ''
  let showing = false
  const line = text => {
    const result = RESULT.exec(text)
    if (result) {
      const [, verdict, title] = result
      showing = verdict === 'not ok' && !/ # (SKIP|TODO)\b/i.test(title)
      if (/ # (SKIP|TODO)\b/i.test(title)) {
        counts.skipped++
        skipped.push(title.replace(/ # (SKIP|TODO).*$/i, ''))
      } else if (verdict === 'ok') counts.passed++
      else counts.failed++
      if (showing) print(text)
      return
    }
    if (/^(TAP version|1\.\.\d+|# (tests|pass|fail|skip|todo) ?\d*)/.test(text) || text === '') return
    // Diagnostics of a failure are indented; anything else (a crash of ava, console output) is shown as it is.
    if (showing || !/^(\s|#)/.test(text)) print(text)
  }
  return {
    counts,
    skipped,
    push(chunk) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) line(text)
    },
    end() {
      if (rest !== '') line(rest)
      rest = ''
    },
  }
}
