/** What this node is called: the first line of nodeinfo if there is one, else the name of the machine. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

export function nodeName(haDir: string): string {
  return (namedInFile(`${haDir}/nodeinfo`) ?? hostname()).toLowerCase()
}

function namedInFile(path: string): string | null {
  try {
    return /^\s*(\S+)/.exec(readFileSync(path, 'utf8'))?.[1] ?? null
  } catch {
    return null // it is seldom there
  }
}
