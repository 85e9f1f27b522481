/** The command behind the launchers of resource.d; see commands/resource-agent.ts. */
import { resourceAgent } from './commands/resource-agent.js'

const output = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
}
void resourceAgent(process.argv.slice(2), process.env, output).then(code => {
  process.exitCode = code
})
