/**
 * What the agent apache reads from an Apache configuration and how it calls the server. Only what lies in the main
 * file is read here; where that says less than needed, the server itself is asked (DUMP_RUN_CFG, Apache 2.4).
 */
import { isAbsolute, join } from 'node:path'

export interface ApacheFacts {
  readonly serverRoot: string | null
  /** null: not said, or with variables that only the server knows. */
  readonly pidFile: string | null
  /** The first Listen: where monitor asks. */
  readonly listen: { readonly host: string; readonly port: number } | null
}

/** Where distributions keep the configuration, in the order in which it is looked for. */
export const DEFAULT_CONFIGS = [
  '/etc/apache2/apache2.conf',
  '/etc/apache2/httpd.conf',
  '/etc/httpd/conf/httpd.conf',
]

/** apache2ctl first: Debian's configuration needs the variables that it sets. */
export const PROGRAMS = ['apache2ctl', 'httpd', 'apache2', '/usr/sbin/apache2ctl', '/usr/sbin/httpd', '/usr/sbin/apache2'] // biome-ignore format: one list

export function parseApacheArguments(args: readonly string[]): string | null | { readonly problem: string } {
  const [config] = args
  if (config === undefined) return null
  return isAbsolute(config) && !/[\0\n]/.test(config)
    ? config
    : { problem: `apache wants the absolute path of a configuration file; found "${config}"` }
}

function lastValue(text: string, directive: string): string | null {
  const lines = [...text.matchAll(new RegExp(`^[ \\t]*${directive}[ \\t]+(?:"([^"\\n]*)"|(\\S+))`, 'gim'))]
  const found = lines.at(-1)
  return found ? (found[1] ?? found[2] ?? null) : null
}

function readListen(text: string): ApacheFacts['listen'] {
  const found = /^[ \t]*Listen[ \t]+(?:(\[[0-9A-Fa-f:]+\]|[\w.*-]+):)?(\d{1,5})\b/im.exec(text)
  if (!found) return null
  const host = (found[1] ?? '*').replaceAll(/[[\]]/g, '')
  const any = ['*', '0.0.0.0', '::'].includes(host)
  return { host: any ? '127.0.0.1' : host, port: Number(found[2]) }
}

export function readApacheConfig(text: string): ApacheFacts {
  const serverRoot = lastValue(text, 'ServerRoot')
  const pidFile = lastValue(text, 'PidFile')
  const path =
    pidFile === null || pidFile.includes('${')
      ? null
      : isAbsolute(pidFile)
        ? pidFile
        : serverRoot !== null && !serverRoot.includes('${')
          ? join(serverRoot, pidFile)
          : null
  return { serverRoot, pidFile: path, listen: readListen(text) }
}

/** From `-t -D DUMP_RUN_CFG`: the line `PidFile: "/run/apache2/apache2.pid"`. */
export function readDumpedPidFile(dump: string): string | null {
  const found = /^PidFile: "?([^"\n]+?)"?[ \t]*$/m.exec(dump)?.[1]
  return found !== undefined && isAbsolute(found) ? found : null
}

export const planApacheStart = (config: string): string[] => ['-DSTATUS', '-f', config, '-k', 'start']
export const planApacheDump = (config: string): string[] => ['-f', config, '-t', '-D', 'DUMP_RUN_CFG']
