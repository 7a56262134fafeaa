import { type Heap, heap } from '../../heap.ts'
import type { Message } from '../../message.ts'
import { decodeWire } from '../../wire-codec.ts'

/** One message of a place, from send to ack. */
export interface Entry {
  readonly id: string
  readonly sequence: number
  readonly partition: string
  readonly message: Message
  readonly bytes: number
  /** Removed unread from then on, by the clock's time of day. */
  readonly endsAtMs: number
  availableAtMs: number
  /** Was handed out and never settled. */
  redelivered: boolean
  deliveryCount: number
  /** In a log: acknowledged, but not everything before it. */
  acked: boolean
}

/** A queue with partitions: ready entries in the order they were sent, delayed ones by their time. */
export interface Place {
  readonly name: string
  readonly partitions: number
  readonly consumers: Set<string>
  /** Who reads here; of a log only the first one gets anything. */
  readonly readers: Set<object>
  /** Everything not acknowledged yet, whether waiting, delayed or handed out. */
  readonly held: Map<string, Entry>
  /** Replays that were ever sent here, by their id: where. */
  readonly replays: ReadonlyMap<string, Pick<Entry, 'partition' | 'sequence'>>
  /** A message is removed so long after it came, if nobody has it in hand. Infinite: never. */
  readonly keepMs: number
  /** Not acknowledged, and not removed by their age. */
  waiting(): readonly Entry[]
  /** The next message's number. */
  nextSequence(): number
  add(message: Message, options: { bytes: number; partition: string; availableAtMs: number }): Entry
  /** Puts an entry back where its sequence says. */
  restore(entry: Entry): void
  /** Takes the oldest ready entry that `fits`. */
  take(nowMs: number, fits: (entry: Entry) => boolean): Entry | undefined
  /** When the first delayed entry becomes ready. */
  nextAtMs(): number | undefined
  /** Forgets what is acknowledged together with everything before it, as a log's committed position does. */
  commit(): void
  /** What a log hands out again when its reader is lost: everything after its committed position. */
  rewind(isRedelivered: boolean): void
  /** Something else than a message changed for those who wait. */
  changed(): void
  /** Calls `wake` at the next change; the answer takes it back. */
  onChange(wake: () => void): () => void
}

export function createPlace(
  name: string,
  { partitions, keepMs, nowMs }: { readonly partitions: number; readonly keepMs: number; readonly nowMs: () => number },
): Place {
  const held = new Map<string, Entry>()
  const delayed: Heap<Entry> = heap((a, b) => a.availableAtMs - b.availableAtMs)
  const waiting = new Set<() => void>()
  let ready: Entry[] = []
  let head = 0
  const replays = new Map<string, Pick<Entry, 'partition' | 'sequence'>>()
  let sequence = 0

  const changed = (): void => {
    const woken = [...waiting]
    waiting.clear()
    for (const wake of woken) wake()
  }
  const makeReady = (entry: Entry): void => {
    let low = head
    let high = ready.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ready[middle]?.sequence ?? 0) < entry.sequence) low = middle + 1
      else high = middle
    }
    if (low === ready.length) ready.push(entry)
    else if (low === head && head > 0) ready[--head] = entry
    else ready.splice(low, 0, entry)
  }
  const compact = (): void => {
    if (head < 1024 || head * 2 < ready.length) return
    ready = ready.slice(head)
    head = 0
  }

  return {
    name,
    partitions,
    consumers: new Set(),
    readers: new Set(),
    held,
    replays,
    keepMs,
    waiting: () => [...held.values()].filter(({ endsAtMs, acked }) => !acked && endsAtMs > nowMs()),
    nextSequence: () => sequence,
    add(message, { bytes, partition, availableAtMs }) {
      const id = `${name}/${partition}/${sequence}`
      const entry: Entry = {
        id,
        sequence: sequence++,
        partition,
        message,
        bytes,
        endsAtMs: nowMs() + keepMs,
        availableAtMs,
        redelivered: false,
        deliveryCount: 0,
        acked: false,
      }
      held.set(id, entry)
      const replayId = decodeWire(message.headers)?.wire.replayId
      if (replayId && !replays.has(replayId)) replays.set(replayId, { partition, sequence: entry.sequence })
      if (availableAtMs > 0) delayed.push(entry)
      else makeReady(entry)
      changed()
      return entry
    },
    restore(entry) {
      if (!held.has(entry.id)) return
      if (entry.availableAtMs > 0) delayed.push(entry)
      else makeReady(entry)
      changed()
    },
    take(atMs, fits) {
      for (let first = delayed.peek(); first !== undefined && first.availableAtMs <= atMs; first = delayed.peek()) {
        delayed.pop()
        makeReady(first)
      }
      for (let first = ready[head]; first !== undefined && first.endsAtMs <= nowMs(); first = ready[head]) {
        head++
        held.delete(first.id)
      }
      const entry = ready[head]
      if (entry === undefined || !fits(entry)) return undefined
      head++
      compact()
      return entry
    },
    commit() {
      for (const entry of held.values()) {
        if (!entry.acked) return
        held.delete(entry.id)
      }
    },
    rewind(isRedelivered) {
      for (const entry of held.values()) {
        if (isRedelivered) entry.redelivered = true
        if (!entry.acked) continue
        entry.acked = false
        makeReady(entry)
      }
    },
    changed,
    nextAtMs: () => delayed.peek()?.availableAtMs,
    onChange(wake) {
      waiting.add(wake)
      return () => waiting.delete(wake)
    },
  }
}
