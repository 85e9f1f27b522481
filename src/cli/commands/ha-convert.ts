/** ha-convert: reads ldirectord.cf as ldirectord does, and prints a script or rules. It writes nothing and runs nothing. */
import { readSmallFile } from '../../base/io/files.js'
import { type Arguments, parseArguments, USAGE } from '../../convert/arguments.js'
import { marksText, type Text } from '../../convert/marks.js'
import { natText } from '../../convert/nat.js'
import { realServerScript, realServerUnit } from '../../convert/real-server-script.js'
import { realServersOf } from '../../convert/real-servers.js'
import { link } from '../../ldirectord/config/link.js'
import type { LdirectordConfig } from '../../ldirectord/config/model.js'
import { parse } from '../../ldirectord/config/parse.js'
import { CONFIG_BYTES_MAX } from '../../ldirectord/io/instance.js'
import { resolveQuestions } from '../../ldirectord/io/resolve.js'
import { render } from '../../syntax/diagnostic.js'
import type { Output } from './cl-status.js'

/** Resolves with the exit status: 0 printed, 1 faulty file or nothing to print, 2 usage. */
export async function convert(argv: readonly string[], output: Output): Promise<0 | 1 | 2> {
  const parsed = parseArguments(argv)
  if ('help' in parsed) {
    output.out(USAGE)
    return 0
  }
  if ('problem' in parsed) {
    output.error(`ha-convert: ${printable(parsed.problem)}\n${USAGE.split('\n', 1)[0]}\n`)
    return 2
  }
  const config = await readConfig(parsed.file)
  const made = Array.isArray(config) ? { problem: config.join('\n') } : textOf(config, parsed)
  if ('text' in made) {
    output.out(made.text)
    return 0
  }
  output.error(`ha-convert: ${printable(made.problem)}\n`)
  return 1
}

function textOf(config: LdirectordConfig, asked: Arguments): Text {
  if (asked.what === 'marks') return marksText(config, asked.marked, asked.format)
  if (asked.what === 'nat') return natText(config, asked.format, asked.outside)
  const found = realServersOf(config, asked)
  if ('problem' in found) return found
  const { file } = config
  return {
    text: asked.format === 'systemd' ? realServerUnit(file) : realServerScript(file, found.hosts),
  }
}

/** The configuration, or its errors. Log files and directories of the director's machine are not asked for. */
async function readConfig(file: string): Promise<LdirectordConfig | string[]> {
  let text: string
  try {
    text = readSmallFile(file, CONFIG_BYTES_MAX).toString('latin1')
  } catch (error) {
    return [`${file} cannot be read: ${(error as Error).message}`]
  }
  const tree = parse(text, file)
  const hosts = tree.questions.filter(({ kind }) => kind === 'host')
  const { config, diagnostics } = link(tree, await resolveQuestions(hosts, new AbortController().signal))
  if (config !== null) return config
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(render)
  return errors.length > 0 ? ['the file is faulty', ...errors] : [`${file} is not valid`]
}

/** Foreign text must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '?')
}
