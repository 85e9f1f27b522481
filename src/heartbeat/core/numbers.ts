/** Numbers as heartbeat writes them in fields: lower-case hex without leading zeros; `rexmit` alone is decimal. */

/** A hex field; undefined when it is absent, empty, not hex, or longer than any real value. */
export function parseHex(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9a-fA-F]{1,12}$/.test(text) ? Number.parseInt(text, 16) : undefined
}

export function printHex(value: number): string {
  return Math.max(0, Math.floor(value)).toString(16)
}

export function parseDecimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number.parseInt(text, 10) : undefined
}

/** What C's atoi reads: the digits at the beginning, 0 where there are none. */
export function leadingNumber(text: string): number {
  return Number.parseInt(/^\s*[+-]?[0-9]{1,9}/.exec(text)?.[0] ?? '0', 10)
}
