/**
 * From an INI text to the configuration, or to every reason why not. Values come from the package `ini` (handed in as
 * `tree`, so that this stays pure), places and swallowed faults from scan.ts, meaning from the tables of directives.ts.
 */
import { type Diagnostic, hasErrors, inFileOrder, type Span } from '../../syntax/diagnostic.js'
import type { Directive, DirectiveTable } from '../../syntax/directive.js'
import { nearest } from '../../syntax/nearest.js'
import { hostSection } from './directives/reach.js'
import { type DeployConfig, type HostConfig, SECTIONS } from './directives.js'
import { isName } from './forms.js'
import { lint } from './lint.js'
import { type Scan, type ScannedKey, scan } from './scan.js'

export interface ReadConfig {
  readonly config: DeployConfig | null
  readonly diagnostics: readonly Diagnostic[]
}

type Values = Record<string, unknown>

export function readConfig(file: string, text: string, tree: unknown): ReadConfig {
  const reader = new Reader(file, scan(text), tree)
  return reader.read()
}

class Reader {
  readonly #file: string
  readonly #scan: Scan
  readonly #tree: unknown
  readonly #diagnostics: Diagnostic[] = []
  readonly #places = new Map<string, ScannedKey>()

  constructor(file: string, scanned: Scan, tree: unknown) {
    this.#file = file
    this.#scan = scanned
    this.#tree = tree
  }

  read(): ReadConfig {
    this.#sections()
    const known = Object.entries(SECTIONS).map(([name, table]) => [name, this.#values(name, table)] as const)
    const deployTo = known.find(([name]) => name === 'deploy')?.[1].deploy_to ?? null
    const hosts = this.#scan.sections
      .filter(({ name }) => name.startsWith('host:'))
      .map(({ name, span, source }) => {
        const values = this.#values(name, hostSection)
        if (values.address === undefined)
          this.#say(span, source, 'missing-key', `[${name}] wants address = HOST`)
        if (values.real === undefined)
          this.#say(span, source, 'missing-key', `[${name}] wants real = ADDRESS:PORT, as in ldirectord.cf`)
        return {
          ...values,
          user: values.user ?? null,
          deploy_to: values.deploy_to ?? deployTo,
          name: name.slice('host:'.length),
        } as unknown as HostConfig
      })
    const config = { file: this.#file, ...this.#withDefaults(known), hosts } as unknown as DeployConfig
    this.#required(config)
    if (!hasErrors(this.#diagnostics)) this.#diagnostics.push(...lint(config, this.#places))
    const diagnostics = inFileOrder(this.#diagnostics)
    return { config: hasErrors(diagnostics) ? null : config, diagnostics }
  }

  #say(span: Span | null, source: string | undefined, code: string, message: string, help?: string): void {
    this.#diagnostics.push({
      file: this.#file,
      span,
      severity: 'error',
      code,
      message,
      ...(source !== undefined && { source }),
      ...(help !== undefined && { help }),
    })
  }

  /** Unknown sections, sections given twice, lines that are nothing, keys before the first section. */
  #sections(): void {
    const first = new Map<string, number>()
    for (const { name, span, source } of this.#scan.sections) {
      const earlier = first.get(name)
      if (earlier !== undefined)
        this.#say(
          span,
          source,
          'section-twice',
          `[${name}] is given twice (first at ${this.#file}:${earlier})`,
        )
      first.set(name, earlier ?? span.line)
      if (Object.hasOwn(SECTIONS, name)) continue
      if (name.startsWith('host:')) {
        if (!isName(name.slice(5)))
          this.#say(span, source, 'host-name', 'a host section wants a name, such as [host:web1]')
        continue
      }
      const near = nearest(name, [...Object.keys(SECTIONS), 'host:NAME'])
      const help =
        near === null
          ? `there are: ${Object.keys(SECTIONS).join(' ')} and host:NAME`
          : `did you mean [${near}]?`
      this.#say(span, source, 'unknown-section', `unknown section [${name}]`, help)
    }
    for (const { span, source } of this.#scan.strays)
      this.#say(span, source, 'stray-line', 'a section wants [NAME] on a line of its own')
    for (const { section, keySpan, source, key } of this.#scan.keys)
      if (section === '') this.#say(keySpan, source, 'no-section', `${key} stands before the first section`)
  }

  /** The values of one section that were given and are right. */
  #values(section: string, table: DirectiveTable): Values {
    const values: Values = {}
    const first = new Map<string, ScannedKey>()
    for (const entry of this.#scan.keys.filter(candidate => candidate.section === section)) {
      const row = Object.hasOwn(table, entry.key) ? table[entry.key]! : null
      const earlier = first.get(entry.key)
      first.set(entry.key, earlier ?? entry)
      this.#places.set(`${section}.${entry.key}`, entry)
      if (row === null) this.#unknown(section, table, entry)
      else if (entry.raw === null)
        this.#say(
          entry.keySpan,
          entry.source,
          'no-value',
          `${entry.key} wants ${entry.key} = ${row.arg.form}`,
        )
      else this.#value(values, entry, row, earlier)
    }
    return values
  }

  #unknown(section: string, table: DirectiveTable, entry: ScannedKey): void {
    const near = nearest(entry.key, Object.keys(table))
    const other = Object.entries(SECTIONS).find(([, rows]) => Object.hasOwn(rows, entry.key))?.[0]
    const help =
      near !== null
        ? `did you mean ${near}?`
        : other !== undefined
          ? `${entry.key} belongs to [${other}]`
          : undefined
    this.#say(entry.keySpan, entry.source, 'unknown-key', `unknown key ${entry.key} in [${section}]`, help)
  }

  #value(values: Values, entry: ScannedKey, row: Directive<unknown>, earlier: ScannedKey | undefined): void {
    const isList = row.repeat === 'accumulates'
    if (entry.isList && !isList) {
      this.#say(
        entry.keySpan,
        entry.source,
        'no-list',
        `${entry.key} holds one value`,
        `write ${entry.key} = ...`,
      )
      return
    }
    if (earlier !== undefined && !(isList && entry.isList && earlier.isList)) {
      const first = `first at ${this.#file}:${earlier.keySpan.line}`
      const help = isList ? `write each as ${entry.key}[] = ...` : undefined
      this.#say(entry.keySpan, entry.source, 'given-twice', `${entry.key} is given twice (${first})`, help)
      return
    }
    const text = this.#textOf(
      entry,
      Array.isArray(values[entry.key]) ? (values[entry.key] as unknown[]).length : 0,
    )
    if (entry.cut) {
      const message = `${entry.key} ends at ${entry.valueSpan.line}:${entry.valueSpan.column + entry.valueSpan.length}: what follows is a comment`
      this.#diagnostics.push({
        file: this.#file,
        span: entry.valueSpan,
        severity: 'warning',
        code: 'value-cut',
        message,
        source: entry.source,
        help: 'put the value into double quotes to keep ; and #',
      })
    }
    if (text === '') return // an empty value is as good as none
    const reading = row.arg.parse(text)
    if (!('value' in reading)) {
      const found = reading.found ?? `"${text}"`
      this.#say(
        entry.valueSpan,
        entry.source,
        'value',
        `${entry.key} wants ${reading.wanted}; found ${found}`,
        reading.help,
      )
      return
    }
    if (!isList) values[entry.key] = reading.value
    else values[entry.key] = [...((values[entry.key] as unknown[] | undefined) ?? []), reading.value]
  }

  /** The text as the package read it; `index` counts the values of a list. */
  #textOf({ section, key, isList }: ScannedKey, index: number): string {
    // A dot in the name of a section makes nested objects.
    let value: unknown = this.#tree
    for (const part of section.split('.')) value = property(value, part)
    value = property(value, key)
    if (isList && Array.isArray(value)) value = value[index]
    else if (Array.isArray(value)) value = value[0]
    return value === undefined ? '' : String(value)
  }

  #withDefaults(known: readonly (readonly [string, Values])[]): Record<string, Values> {
    return Object.fromEntries(
      known.map(([name, values]) => {
        const table: DirectiveTable = SECTIONS[name as keyof typeof SECTIONS]
        const whole = Object.entries(table).map(([key, row]) => {
          const fallback = row.repeat === 'accumulates' ? [] : row.default
          return [key, values[key] ?? fallback] as const
        })
        return [name, Object.fromEntries(whole)]
      }),
    )
  }

  #required(config: DeployConfig): void {
    for (const key of ['application', 'deploy_to'] as const) {
      const isWritten = this.#places.has(`deploy.${key}`)
      if (config.deploy[key] === null && !isWritten)
        this.#say(null, undefined, 'missing-key', `[deploy] wants ${key}`)
    }
    if (config.hosts.length === 0)
      this.#say(
        null,
        undefined,
        'no-hosts',
        'there is no host',
        'write a section [host:NAME] for each web host',
      )
  }
}

function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key]
}
