/**
 * One spelling for each address. The kernel prints IPv6 in its shortest form; files may spell it in any. Keys of the
 * table are compared as text, so both sides pass through here.
 */

/** IPv6 without brackets in its shortest form; anything else as it is. */
export function canonicalAddress(text: string): string {
  if (!text.includes(':')) return text
  const bare = text.replace(/^\[|\]$/g, '').toLowerCase()
  // URL knows the rules of RFC 5952 and is part of the language's environment, not of node's io.
  return URL.canParse(`http://[${bare}]`) ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare
}
