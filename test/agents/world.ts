/** What agents need to run in a test: a folder of its own, a short PATH, and a record of what they logged. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentContext } from '../../src/agents/agent.js'
import { temporaryFolder } from '../temporary-folder.js'

export interface World extends AgentContext {
  readonly root: string
  readonly logged: string[]
  /** Puts a shell script of this name first in PATH. */
  program(name: string, script: string): void
}

export function world(t: { teardown: (end: () => void) => void }, env: Record<string, string> = {}): World {
  const root = temporaryFolder(t)
  const logged: string[] = []
  mkdirSync(join(root, 'bin'))
  return {
    root,
    logged,
    paths: { haDir: root, varLib: root, varRun: root, varLog: root },
    env: { PATH: `${root}/bin:/usr/bin:/bin`, ...env },
    signal: new AbortController().signal,
    log: (level, instance, text) => logged.push(`${level} ${instance}: ${text}`),
    program(name, script) {
      writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(root, 'bin', name), 0o755)
    },
  }
}
