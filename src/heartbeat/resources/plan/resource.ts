/** Resources and groups as the runner needs them: what the parser of haresources reads, without the places. */

export interface Resource {
  /** As written, such as `IPaddr2::10.0.0.1/24/eth0`: the key of a group and the text of log lines. */
  readonly text: string
  readonly script: string
  readonly args: readonly string[]
}

export interface ResourceGroup {
  /** The node that the line names, lower-cased. */
  readonly node: string
  /** In the order of the line, which is the order of starting. */
  readonly resources: readonly Resource[]
}

/** `alpha IPaddr2::10.0.0.1 httpd`, as log lines name a group. */
export function groupText(group: ResourceGroup): string {
  return [group.node, ...group.resources.map(resource => resource.text)].join(' ')
}

/** The first resource of a group, by which messages and log lines name it. */
export function groupKey(group: ResourceGroup): string {
  return group.resources[0]?.text ?? ''
}
