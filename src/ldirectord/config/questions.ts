/** What the machine must be asked before a tree can be linked: names of hosts, and whether files can be used. */
import { canBeName, literalAddress, withoutBrackets } from './host-text.js'
import { readReal } from './real-line.js'
import {
  type FallbackEntry,
  PATH_USES,
  type PathDirective,
  type Question,
  questionKey,
  type Section,
  type Step,
} from './tree.js'

export function questionsOf(steps: readonly Step[]): Question[] {
  const questions = steps.flatMap(stepQuestions)
  return [...new Map(questions.map(question => [questionKey(question), question])).values()]
}

function stepQuestions(step: Step): Question[] {
  switch (step.kind) {
    case 'finding':
      return []
    case 'fallback':
      return host(step.entry.value.host, step.entry.value.family)
    case 'path':
      return path(step.entry.name, step.entry.value)
    case 'section':
      return sectionQuestions(step.section)
  }
}

function sectionQuestions(section: Section): Question[] {
  const target = section.target?.kind === 'address' ? host(section.target.host, section.family) : []
  const named = section.entries.flatMap(entry => {
    if (entry.name === 'fallback' || entry.name === 'fallback6') {
      return host((entry as FallbackEntry).value.host, section.family)
    }
    if (entry.name !== 'real' && entry.name !== 'real6') return []
    const real = readReal(entry.text)
    if (real === null) return []
    return [...host(real.host, section.family), ...(real.endHost ? host(real.endHost, section.family) : [])]
  })
  return [...section.steps.flatMap(stepQuestions), ...target, ...named]
}

function host(text: string, family: 4 | 6): Question[] {
  const name = withoutBrackets(text)
  return literalAddress(text, family) === null && canBeName(name) ? [{ kind: 'host', family, name }] : []
}

function path(directive: PathDirective, value: string): Question[] {
  if (directive === 'logfile' && !value.startsWith('/')) return []
  return [{ kind: PATH_USES[directive], path: value }]
}
