/**
 * Phase two: the tree with the answers of the machine becomes the configuration, or the reasons why not. Findings are
 * collected in the original's order first, because the first error is what its users know.
 */
import { type Diagnostic, hasErrors, inFileOrder } from '../../syntax/diagnostic.js'
import { serviceId } from '../core/table.js'
import { buildConfig } from './build.js'
import type { Finding, OriginalMessage } from './finding.js'
import { linkFallback } from './link-fallback.js'
import { SERVERS_MAX } from './link-real.js'
import { type LinkedSection, linkSection } from './link-section.js'
import type { Fallback, LdirectordConfig } from './model.js'
import { originalLine, originalMessages } from './report.js'
import { answerOf, type Resolutions } from './resolutions.js'
import { surprises } from './surprises.js'
import {
  type FallbackEntry,
  PATH_USES,
  type PathDirective,
  type PathEntry,
  type Section,
  type Step,
  type Tree,
} from './tree.js'

export interface Linked {
  /** null where there are errors, or names that nobody was asked for. */
  readonly config: LdirectordConfig | null
  /** All problems, in the order of the file. */
  readonly diagnostics: readonly Diagnostic[]
  /** What the original prints: its warnings, and its first error. */
  readonly original: readonly OriginalMessage[]
  readonly sections: readonly LinkedSection[]
}

/** `resolutions` null: nobody was asked; names are taken on trust and there is no configuration. */
export function link(tree: Tree, resolutions: Resolutions | null): Linked {
  return new Linker(tree, resolutions).link()
}

/** The lines for standard error, as the original prints them; each may contain newlines. */
export function originalReport(linked: Linked, file: string, pid: number | string): string[] {
  return linked.original.map(message => originalLine(message, file, pid))
}

const WANTED = {
  append: { what: 'a file that can be written', help: 'make its directory, or write another path' },
  directory: { what: 'a directory', help: 'make the directory; it may also appear later' },
  read: { what: 'a file that can be read', help: 'write the path of a file that this user may read' },
} as const

class Linker {
  readonly #tree: Tree
  readonly #resolutions: Resolutions | null
  readonly #findings: Finding[] = []
  readonly #sections: LinkedSection[] = []
  #room = SERVERS_MAX
  readonly #ids = new Map<string, Section>()
  readonly #fallbacks: { 4: Fallback | null; 6: Fallback | null } = { 4: null, 6: null }

  constructor(tree: Tree, resolutions: Resolutions | null) {
    this.#tree = tree
    this.#resolutions = resolutions
  }

  link(): Linked {
    for (const step of this.#tree.steps) this.#step(step)
    this.#findings.push(...this.#ignoredIntervals())
    const findings = [...this.#findings, ...surprises(this.#tree, this.#sections)]
    const diagnostics = inFileOrder(findings.map(finding => finding.diagnostic))
    const complete = this.#resolutions !== null && !hasErrors(diagnostics)
    return {
      config: complete ? buildConfig(this.#tree, this.#sections, this.#fallbacks, this.#resolutions) : null,
      diagnostics,
      original: originalMessages(this.#findings),
      sections: this.#sections,
    }
  }

  #step(step: Step): void {
    switch (step.kind) {
      case 'finding':
        this.#findings.push(step.finding)
        return
      case 'fallback':
        this.#globalFallback(step.entry)
        return
      case 'path':
        this.#path(step.entry)
        return
      case 'section':
        this.#section(step.section)
        return
    }
  }

  #globalFallback(entry: FallbackEntry): void {
    const linked = linkFallback(entry, ['tcp', 'udp'], null, this.#tree.source, this.#resolutions)
    this.#findings.push(...linked.findings)
    this.#fallbacks[entry.value.family] = linked.fallback
  }

  #path(entry: PathEntry): void {
    const { name, value: path, span } = entry
    const use = PATH_USES[name]
    const answer = answerOf(this.#resolutions, { kind: use, path })
    if (answer === undefined || 'value' in answer) return
    const warning = use === 'directory'
    const originals: Partial<Record<PathDirective, string>> = {
      logfile: `unable to open logfile: ${path}`,
      monitorfile: `unable to open monitorfile ${path}: ${answer.failed}`,
      maintenancedir: 'maintenance directory does not exist',
    }
    const original = originals[name]
    this.#findings.push(
      this.#tree.source.finding({
        span,
        severity: warning ? 'warning' : 'error',
        code: warning ? 'no-directory' : 'unusable-file',
        message: `${name} wants ${WANTED[use].what}; ${path || 'nothing'}: ${answer.failed}`,
        help: WANTED[use].help,
        ...(original === undefined ? {} : { original }),
      }),
    )
  }

  #section(section: Section): void {
    for (const step of section.steps) this.#step(step)
    const linked = linkSection(section, this.#tree.source, this.#resolutions, this.#room)
    this.#room -= linked.reals.length
    this.#findings.push(...linked.findings)
    this.#sections.push(linked)
    const { key } = linked
    if (key === null) return
    const id = serviceId(key)
    const earlier = this.#ids.get(id)
    // A virtual= line without anything behind it is looked at twice by the original, and so meets itself.
    const bodyless = section.span.line === this.#tree.source.lines.length
    this.#ids.set(id, earlier ?? section)
    if (earlier === undefined && !bodyless) return
    this.#findings.push(
      this.#tree.source.finding({
        span: section.span,
        severity: 'error',
        code: 'duplicate-virtual',
        message: earlier
          ? `${id} is given twice (first at line ${earlier.span.line})`
          : 'a virtual service on the last line of the file is refused; a line must follow it',
        help: earlier ? 'join the two sections' : 'write its real servers behind it, or an empty line',
        original: 'duplicate virtual server',
        originalLine: section.endLine,
      }),
    )
  }

  /** checkinterval of a section counts only with fork=yes; told when everything else is right. */
  #ignoredIntervals(): Finding[] {
    const forks = this.#tree.entries.findLast(entry => entry.name === 'fork')?.value === true
    if (forks) return []
    return this.#sections.flatMap(({ section, key }) => {
      const entry = section.entries.findLast(other => other.name === 'checkinterval')
      if (entry === undefined || key === null) return []
      const id = key.protocol === 'fwm' ? `fwm:${key.mark}` : serviceId(key)
      return [
        this.#tree.source.finding({
          span: entry.span,
          severity: 'warning',
          code: 'ignored-checkinterval',
          message: 'checkinterval of a virtual section is ignored when fork=no',
          help: 'write it in column 1 for all sections, or fork=yes',
          original: `checkinterval in virtual service ${id} ignored when fork=no`,
          originalLine: null,
        }),
      ]
    })
  }
}
