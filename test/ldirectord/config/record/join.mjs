// node join.mjs FOLDER...: joins NAME.cf and NAME.record.json into lines of JSON on standard output.
// First line: the values of an empty file and of a plain section, which the other lines leave out.
import { readdirSync, readFileSync } from 'node:fs'

const corpus = new URL('../corpus/', import.meta.url)
const record = path => JSON.parse(readFileSync(path, 'latin1'))
const globals = record(new URL('p05-empty.record.json', corpus)).globals
const virtual = record(new URL('crlf-accepted.record.json', corpus)).virtuals[0]
const without = (values, defaults) => ({
  ...Object.fromEntries(
    Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name])),
  ),
  ...Object.fromEntries(Object.keys(defaults).filter(name => !(name in values)).map(name => [name, null])),
})
console.log(JSON.stringify({ globals, virtual }))
for (const folder of process.argv.slice(2)) {
  for (const name of readdirSync(folder).filter(name => name.endsWith('.cf'))) {
    const { exit, stderr, ...read } = record(`${folder}/${name.slice(0, -3)}.record.json`)
    const line = { text: readFileSync(`${folder}/${name}`, 'latin1'), exit, stderr }
    if (exit === 3) {
      line.globals = without(read.globals, globals)
      line.virtuals = read.virtuals.map(values => without(values, virtual))
    }
    console.log(JSON.stringify(line))
  }
}
