import type { Delivery, Receipt } from '@redrive/worker'
import { causeIdOf } from '../causes/index.ts'
import type { NewShape } from '../store/cause-shapes.ts'
import type { CauseAddition } from '../store/causes.ts'
import type { NewHome } from '../store/letter-homes.ts'
import type { NewLinePlace } from '../store/letter-lines.ts'
import { LetterRows } from '../store/letters.ts'
import type { PlacedReport } from '../store/traffic.ts'
import type { Unsettled } from '../store/unsettled.ts'
import { addToCause, newCause } from './add-to-cause.ts'
import type { PlacedLetter } from './recognise-letter.ts'

/** What one partition gave to a batch. */
export interface PartitionCount {
  /** The position after the last one; `null` where there are none. */
  next: bigint | null
  letters: number
  duplicates: number
  /** Reports of traffic with them. */
  receipts: number
}

/** A letter that was replayed and died again. */
export interface ReturnedLetter {
  readonly letterId: string
  readonly replayId: string
}

export interface BatchLimits {
  readonly maxLetters: number
  readonly maxBytes: number
}

export const defaultBatchLimits: BatchLimits = { maxLetters: 2_000, maxBytes: 16 * 1024 * 1024 }

type Item =
  | { readonly kind: 'letter'; readonly letter: PlacedLetter }
  | { readonly kind: 'duplicate' | 'skipped'; readonly delivery: Delivery; readonly of: string | null }
  | { readonly kind: 'receipt'; readonly delivery: Delivery; readonly receipt: Receipt }
  | { readonly kind: 'report'; readonly delivery: Delivery; readonly report: PlacedReport | null }

/** Everything that one transaction writes and one settlement acknowledges. Its buffers are used again after `reset`. */
export class Batch {
  readonly rows: LetterRows = new LetterRows()
  readonly causes: Map<bigint, CauseAddition> = new Map()
  readonly partitions: Map<string, PartitionCount> = new Map()
  readonly queues: Map<number, { readonly name: string; letters: number; bytes: number }> = new Map()
  readonly identities: Set<string> = new Set()
  items: Item[] = []
  shapes: NewShape[] = []
  returned: ReturnedLetter[] = []
  unsettled: Unsettled[] = []
  receipts: Receipt[] = []
  /** What workers say of their traffic. */
  reports: PlacedReport[] = []
  lines: NewLinePlace[] = []
  /** Of letters that a rule led away from the cause the algorithm found. */
  homes: NewHome[] = []
  /** Of the rules that its letters were placed by: one, or it has to be looked at again. */
  readonly rulesVersions: Set<number> = new Set()
  /** Letters captured earlier that were delivered once more: their acknowledgement is under way with this batch. */
  again: string[] = []
  deliveredBytes = 0

  get size(): number {
    return this.items.length
  }

  get letters(): readonly PlacedLetter[] {
    return this.items.flatMap((item) => (item.kind === 'letter' ? [item.letter] : []))
  }

  /** Ids of its first and last letter: they are in the order of ids. */
  get span(): { readonly first: string; readonly last: string } | null {
    const { letters } = this
    const [first, last] = [letters.at(0), letters.at(-1)]
    return first === undefined || last === undefined ? null : { first: first.idText, last: last.idText }
  }

  get deliveries(): readonly Delivery[] {
    return this.items.map((item) => (item.kind === 'letter' ? item.letter.delivery : item.delivery))
  }

  /** Nothing to write, though perhaps something to acknowledge. */
  get isVoid(): boolean {
    return this.partitions.size === 0
  }

  count(kind: 'letters' | 'duplicates' | 'receipts'): number {
    let sum = 0
    for (const partition of this.partitions.values()) sum += partition[kind]
    return sum
  }

  isFull({ maxLetters, maxBytes }: BatchLimits): boolean {
    return this.items.length >= maxLetters || Math.max(this.rows.bytes, this.deliveredBytes) >= maxBytes
  }

  reset(): void {
    this.rows.reset()
    this.causes.clear()
    this.partitions.clear()
    this.queues.clear()
    this.identities.clear()
    this.items = []
    this.shapes = []
    this.returned = []
    this.unsettled = []
    this.receipts = []
    this.reports = []
    this.lines = []
    this.homes = []
    this.rulesVersions.clear()
    this.again = []
    this.deliveredBytes = 0
  }

  addLetter(letter: PlacedLetter, source: { readonly sourceId: number }): void {
    const { delivery, identity, read } = letter
    const homeId = causeIdOf(letter.home)
    const causeId = letter.led === null ? homeId : BigInt(letter.led.id)
    this.rows.add({
      id: letter.id,
      queueId: letter.queue.id,
      sourceId: source.sourceId,
      causeId,
      identity: identity.bytes,
      message: letter.message,
      redacted: letter.redacted,
      bodySha256: letter.bodySha256,
      bytes: letter.bytes,
      partition: delivery.partition,
      position: delivery.position,
      read,
      terms: letter.terms,
    })
    this.items.push({ kind: 'letter', letter })
    this.#partition(delivery).letters++
    const ofQueue = this.queues.get(letter.queue.id)
    if (ofQueue === undefined)
      this.queues.set(letter.queue.id, { name: letter.queue.name, letters: 1, bytes: letter.bytes })
    else {
      ofQueue.letters++
      ofQueue.bytes += letter.bytes
    }
    if (identity.kind === 'content') this.unsettled.push({ letterId: letter.idText, contentHash: identity.contentHash })
    else if (delivery.position === null) this.identities.add(identity.bytes.toString('hex'))
    if (read.facts.replayId !== undefined && letter.hostile === null) {
      this.returned.push({ letterId: letter.idText, replayId: read.facts.replayId })
    }
    const line = linePlaceOf(letter)
    if (line !== null) this.lines.push(line)
    addToCause(this.causes, letter, causeId)
    this.rulesVersions.add(letter.rulesVersion)
    if (causeId !== homeId) {
      this.homes.push({ letterId: letter.idText, causeId: homeId })
      // It has to be there: to go back to, and for what the letter teaches.
      if (!this.causes.has(homeId)) this.causes.set(homeId, newCause(letter, { id: homeId, led: null }))
    }
    if (letter.teaches) {
      const { scope, version, key, shape } = letter.fingerprint
      this.shapes.push({ scope, version, key, causeId: homeId, shape })
    }
  }

  /** @param of the letter this is another delivery of, where only its content said so */
  addDuplicate(delivery: Delivery, of: string | null = null): void {
    this.items.push({ kind: 'duplicate', delivery, of })
    if (of !== null) this.again.push(of)
    this.#partition(delivery).duplicates++
  }

  /** A delivery whose position was counted already: acknowledged, not counted again. */
  addSkipped(delivery: Delivery): void {
    this.items.push({ kind: 'skipped', delivery, of: null })
  }

  addReceipt(delivery: Delivery, receipt: Receipt): void {
    this.items.push({ kind: 'receipt', delivery, receipt })
    this.receipts.push(receipt)
    this.#partition(delivery).receipts++
  }

  /** @param report `null`: of a queue that is not watched */
  addReport(delivery: Delivery, report: PlacedReport | null): void {
    this.items.push({ kind: 'report', delivery, report })
    if (report !== null) this.reports.push(report)
    this.#partition(delivery).receipts++
  }

  addItem(item: Item, source: { readonly sourceId: number }): void {
    if (item.kind === 'letter') this.addLetter(item.letter, source)
    else if (item.kind === 'receipt') this.addReceipt(item.delivery, item.receipt)
    else if (item.kind === 'report') this.addReport(item.delivery, item.report)
    else if (item.kind === 'duplicate') this.addDuplicate(item.delivery, item.of)
    else this.addSkipped(item.delivery)
  }

  #partition({ partition, position, bytes }: Delivery): PartitionCount {
    this.deliveredBytes += bytes
    let count = this.partitions.get(partition)
    if (count === undefined) {
      count = { next: null, letters: 0, duplicates: 0, receipts: 0 }
      this.partitions.set(partition, count)
    }
    // Receipts are added before the letters they came among.
    if (position !== null && position >= (count.next ?? 0n)) count.next = position + 1n
    return count
  }
}

/** Only of letters that can go back to the consumer that put them in its line. */
function linePlaceOf({ read: { facts }, queue, idText }: PlacedLetter): NewLinePlace | null {
  const { line, consumer, originPlace, wireId } = facts
  if (line === undefined || consumer === undefined || originPlace === undefined || wireId === undefined) return null
  return { letterId: idText, queueId: queue.id, consumer, ...line, isHeld: facts.reason === 'held' }
}
