// Stands in for import.meta.url inside the CommonJS bundles (see build.mjs).
exports.__bundleUrl = require('node:url').pathToFileURL(__filename).href
