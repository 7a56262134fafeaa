/** A queue that takes from the front in constant time. */
export interface Fifo<T> {
  readonly size: number
  push(item: T): void
  shift(): T | undefined
  /** Everything, in order; the queue is empty afterwards. */
  drain(): readonly T[]
}

export function fifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    get size() {
      return items.length - head
    },
    push(item) {
      items.push(item)
    },
    shift() {
      if (head === items.length) return undefined
      const item = items[head]
      items[head++] = undefined
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    drain() {
      const all = items.slice(head) as T[]
      items = []
      head = 0
      return all
    },
  }
}
