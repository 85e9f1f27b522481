/** The groups that this node holds, in the order in which they were taken; the daemon is told of each change. */
import { groupText, type ResourceGroup } from './plan/resource.js'

export class HeldGroups {
  readonly #groups: Map<string, ResourceGroup>
  readonly #tell: (groups: readonly ResourceGroup[]) => void

  constructor(inherited: readonly ResourceGroup[], tell: (groups: readonly ResourceGroup[]) => void) {
    this.#groups = new Map(inherited.map(group => [groupText(group), group]))
    this.#tell = tell
  }

  get all(): ResourceGroup[] {
    return [...this.#groups.values()]
  }

  has(group: ResourceGroup): boolean {
    return this.#groups.has(groupText(group))
  }

  add(group: ResourceGroup): void {
    this.#groups.set(groupText(group), group)
    this.#tell(this.all)
  }

  remove(group: ResourceGroup): void {
    if (this.#groups.delete(groupText(group))) this.#tell(this.all)
  }
}
