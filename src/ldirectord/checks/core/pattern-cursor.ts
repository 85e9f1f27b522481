/** Where the reader of a pattern stands, and how it looks at what comes, takes it or refuses it. */

/** Ends the reading; it never leaves parsePerlSyntax. */
export class RefusedPattern extends Error {
  readonly at: number
  constructor(reason: string, at: number) {
    super(reason)
    this.at = at
  }
}

export class PatternCursor {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  refuse(reason: string, at = this.at): never {
    throw new RefusedPattern(reason, at)
  }

  peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? ''
  }

  take(wanted: string): boolean {
    if (!this.text.startsWith(wanted, this.at)) return false
    this.at += wanted.length
    return true
  }

  /** Takes what the sticky pattern matches here. */
  match(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern.source, 'y')
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)
    if (found) this.at = sticky.lastIndex
    return found
  }
}
