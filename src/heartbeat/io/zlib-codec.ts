/** The algorithm of `compression zlib`. Messages are small: both ways take less than a millisecond or two. */
import { deflateSync, inflateSync } from 'node:zlib'
import type { Codec } from '../wire/compression.js'

export const zlibCodec: Codec = {
  name: 'zlib',
  compress: bytes => deflateSync(bytes),
  expand: (bytes, bytesMax) => {
    try {
      return inflateSync(bytes, { maxOutputLength: bytesMax })
    } catch {
      return null // damaged, cut, or larger than allowed: node tells them by exceptions only
    }
  },
}
