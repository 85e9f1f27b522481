/** What a value would be without the comment and blanks behind it. */
export function withoutComment(text: string): string {
  const hash = text.indexOf('#')
  const value = hash < 0 ? text : text.slice(0, hash)
  let end = value.length
  while (end > 0 && ' \t\r\f\v'.includes(value[end - 1]!)) end--
  return value.slice(0, end)
}
