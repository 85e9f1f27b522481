/**
 * haresources as it is on disk when a job begins: an edit acts at the next job. An edit that cannot be used changes
 * nothing and is reported once; the groups of the last good file stay in force.
 */
import { readSmallFile } from '../../base/io/files.js'
import { hasErrors, render } from '../../syntax/diagnostic.js'
import { parseHaresources } from '../config/haresources.js'
import type { ResourceGroup } from '../resources/plan/resource.js'

export const HARESOURCES_BYTES_MAX = 262_144

export interface GroupsReading {
  readonly groups: readonly ResourceGroup[]
  /** What is wrong with the file as it is now; said once per edit. */
  readonly complaint: string | null
}

/** An editor that writes into the file itself leaves it empty for a moment. */
const emptied = (path: string) => ({
  problem: `${path} is empty: without any byte it may be half written; a comment line means that there are no groups`,
})

/** Returns a function that reads the file anew. `inForce`: the groups to begin with, should the file be broken now. `isAsked`: as by `heartbeat -r`, when the file is meant as it is. */
export function watchedGroups(
  path: string,
  nodes: readonly string[],
  inForce: readonly ResourceGroup[] = [],
): (isAsked?: boolean) => GroupsReading {
  let last: { readonly text: string | null; readonly groups: readonly ResourceGroup[] } = {
    text: null,
    groups: inForce,
  }
  let complained: string | null = null
  return (isAsked = false) => {
    const read = readText(path)
    if ('text' in read && read.text === last.text) return { groups: last.groups, complaint: null }
    const isEmptied = !isAsked && 'text' in read && read.text === '' && last.groups.length > 0
    const judged = isEmptied ? emptied(path) : 'text' in read ? judge(read.text, path, nodes) : read
    if ('groups' in judged) {
      last = { text: 'text' in read ? read.text : null, groups: judged.groups }
      complained = null
      return { groups: judged.groups, complaint: null }
    }
    const mark = 'text' in read ? read.text : judged.problem
    const isNew = mark !== complained
    complained = mark
    const complaint = `${judged.problem}; the groups of before stay in force`
    return { groups: last.groups, complaint: isNew ? complaint : null }
  }
}

function readText(path: string): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: readSmallFile(path, HARESOURCES_BYTES_MAX).toString('latin1') }
  } catch (error) {
    return { problem: `${path} cannot be read: ${(error as Error).message}` }
  }
}

function judge(
  text: string,
  path: string,
  nodes: readonly string[],
): { readonly groups: readonly ResourceGroup[] } | { readonly problem: string } {
  const { value, diagnostics } = parseHaresources(text, { file: path, nodes })
  const first = diagnostics.find(diagnostic => diagnostic.severity === 'error')
  if (first && hasErrors(diagnostics)) return { problem: render(first).split('\n', 1)[0]! }
  return { groups: plainGroups(value.groups) }
}

/** Groups that have resources, without the places in the file: these are also sent between processes. */
export function plainGroups(groups: readonly ResourceGroup[]): ResourceGroup[] {
  return groups
    .filter(group => group.resources.length > 0)
    .map(group => ({
      node: group.node,
      resources: group.resources.map(({ text, script, args }) => ({ text, script, args })),
    }))
}
