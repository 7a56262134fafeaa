/** A binary heap: the smallest by `before` first, insertion order among equals. Push and pop in O(log n). */
export interface Heap<T> {
  readonly size: number
  push(item: T): void
  peek(): T | undefined
  pop(): T | undefined
  /** Takes out everything that matches; O(n). */
  remove(matches: (item: T) => boolean): readonly T[]
}

export function heap<T>(before: (a: T, b: T) => number): Heap<T> {
  let nodes: { readonly item: T; readonly sequence: number }[] = []
  let sequence = 0

  const less = (a: number, b: number): boolean => {
    const left = nodes[a]
    const right = nodes[b]
    if (left === undefined || right === undefined) return false
    const order = before(left.item, right.item)
    return order < 0 || (order === 0 && left.sequence < right.sequence)
  }
  const swap = (a: number, b: number): void => {
    const left = nodes[a]
    const right = nodes[b]
    if (left === undefined || right === undefined) return
    nodes[a] = right
    nodes[b] = left
  }
  const up = (start: number): void => {
    let at = start
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!less(at, parent)) return
      swap(at, parent)
      at = parent
    }
  }
  const down = (start: number): void => {
    let at = start
    for (;;) {
      let smallest = at
      if (less(2 * at + 1, smallest)) smallest = 2 * at + 1
      if (less(2 * at + 2, smallest)) smallest = 2 * at + 2
      if (smallest === at) return
      swap(at, smallest)
      at = smallest
    }
  }

  return {
    get size() {
      return nodes.length
    },
    push(item) {
      nodes.push({ item, sequence: sequence++ })
      up(nodes.length - 1)
    },
    peek: () => nodes[0]?.item,
    pop() {
      const top = nodes[0]
      const last = nodes.pop()
      if (top === undefined || last === undefined) return undefined
      if (nodes.length > 0) {
        nodes[0] = last
        down(0)
      }
      return top.item
    },
    remove(matches) {
      const removed = nodes.filter(({ item }) => matches(item)).map(({ item }) => item)
      if (removed.length === 0) return removed
      nodes = nodes.filter(({ item }) => !matches(item))
      for (let at = (nodes.length >> 1) - 1; at >= 0; at--) down(at)
      return removed
    },
  }
}
