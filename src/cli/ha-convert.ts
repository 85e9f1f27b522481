/** ha-convert: prints what hosts around a director need. `ha-convert --help` tells how. */
import { convert } from './commands/ha-convert.js'

const output = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
}
void convert(process.argv.slice(2), output).then(code => {
  process.exitCode = code
})
