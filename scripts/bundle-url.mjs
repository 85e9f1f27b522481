// Stands in for import.meta.url inside the CommonJS bundles (see build.mjs), where only __filename exists.
import { pathToFileURL } from 'node:url'

export const __bundleUrl = pathToFileURL(__filename).href
