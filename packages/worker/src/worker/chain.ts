/** What a member of a chain knows of it; only the chain writes here. */
export interface Linked<T> {
  before: T | null
  after: T | null
  chained: boolean
}

/** An ordered set whose members hold their own links, so that a member that comes and goes at once costs no memory. */
export interface Chain<T extends Linked<T>> {
  readonly first: T | null
  /** A member already stays where it is. */
  push(item: T): void
  /** `false`, and no effect: it was not a member. */
  remove(item: T): boolean
  /** All members as they are now, in order. */
  items(): T[]
}

export function chain<T extends Linked<T>>(): Chain<T> {
  let first: T | null = null
  let last: T | null = null
  return {
    get first() {
      return first
    },
    push(item) {
      if (item.chained) return
      item.chained = true
      item.before = last
      if (last === null) first = item
      else last.after = item
      last = item
    },
    remove(item) {
      if (!item.chained) return false
      const { before, after } = item
      item.chained = false
      item.before = null
      item.after = null
      if (before === null) first = after
      else before.after = after
      if (after === null) last = before
      else after.before = before
      return true
    },
    items() {
      const all: T[] = []
      for (let item = first; item !== null; item = item.after) all.push(item)
      return all
    },
  }
}
