import type { Broker, Clock, Outgoing, SendResult } from '@redrive/worker'
import { mapInSlices } from '../in-slices.ts'
import type { Claimed, Put } from './claimed.ts'
import { outgoingOf } from './outgoing.ts'

export interface SendContext {
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock: Clock
  /** Ends the waiting between tries; what is on its way is waited for. */
  readonly signal: AbortSignal
  /** Whether another try may begin. @default yes */
  readonly mayBegin?: () => boolean
  /** What was put together of the batch already, in its order. */
  readonly put?: readonly Put[] | undefined
}

/** Put together at a time, before something else has its turn. */
const slice = 100

/** Puts the messages of a batch together, in its order. */
export function putTogether(batch: readonly Claimed[], brokers: ReadonlyMap<string, Broker>): Promise<readonly Put[]> {
  return mapInSlices(batch, slice, (claimed) => {
    const broker = brokers.get(claimed.broker)
    return broker === undefined ? noBroker : outgoingOf(claimed, broker)
  })
}

/** Sends a batch, place by place. Never rejects; gives each letter's result, in order, and none waits for the trouble of another place. */
export async function sendBatch(batch: readonly Claimed[], context: SendContext): Promise<readonly SendResult[]> {
  const { brokers, clock, signal, mayBegin = () => true, put = await putTogether(batch, brokers) } = context
  const results = new Array<SendResult>(batch.length).fill(noResult)
  await Promise.all(
    byPlace(batch).map(async ({ first, indexes }) => {
      const broker = brokers.get(first.broker)
      const send = async (messages: readonly Outgoing[]): Promise<readonly SendResult[]> =>
        broker === undefined ? [] : sendAll({ broker, place: first.place, messages, clock, signal, mayBegin })
      await sendPut({ batch, put, indexes, results }, send)
    }),
  )
  return results
}

/** The letters of each place, by where they stand in the batch. */
export function byPlace(
  batch: readonly Claimed[],
): readonly { readonly first: Claimed; readonly indexes: readonly number[] }[] {
  const groups = new Map<string, { readonly first: Claimed; readonly indexes: number[] }>()
  batch.forEach((claimed, index) => {
    const key = `${claimed.broker}\0${claimed.place}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: claimed, indexes: [index] })
    else group.indexes.push(index)
  })
  return [...groups.values()]
}

/** Sends those of a place that can be sent, and writes the result of each where it belongs. */
export async function sendPut(
  group: {
    readonly batch: readonly Claimed[]
    readonly put: readonly Put[]
    readonly indexes: readonly number[]
    readonly results: SendResult[]
  },
  send: (messages: readonly Outgoing[]) => Promise<readonly SendResult[]>,
): Promise<void> {
  const { batch, put, indexes, results } = group
  const messages: Outgoing[] = []
  const sentIndexes: number[] = []
  for (const index of indexes) {
    const each = put[index] ?? noBroker
    if ('kind' in each) results[index] = each
    else {
      messages.push({ message: each, uniqueId: (batch[index] as Claimed).attemptId })
      sentIndexes.push(index)
    }
  }
  if (messages.length === 0) return
  const sent = await send(messages)
  sentIndexes.forEach((index, at) => {
    results[index] = sent[at] ?? noResult
  })
}

const noBroker: Put = {
  kind: 'not-sent',
  reason: 'the office has no connection of this name any more',
  retryable: false,
}
export const noResult: SendResult = { kind: 'uncertain', reason: 'the broker gave no result' }
export const resendDelaysMs: readonly number[] = [100, 500, 2_000]

/** What was certainly not sent and may be tried again is tried a few times more under the same intent. */
async function sendAll(job: {
  readonly broker: Broker
  readonly place: string
  readonly messages: readonly Outgoing[]
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly mayBegin: () => boolean
}): Promise<readonly SendResult[]> {
  const send = async (messages: readonly Outgoing[]): Promise<readonly SendResult[]> => {
    if (messages.length === 0) return []
    try {
      return await job.broker.send(job.place, messages)
    } catch (error) {
      // The port forbids it; whoever breaks it leaves open how far it came.
      const reason = `the broker's adapter failed: ${error instanceof Error ? error.message : String(error)}`
      return messages.map(() => ({ kind: 'uncertain', reason }))
    }
  }
  const results = [...(await send(job.messages))]
  for (const delayMs of resendDelaysMs) {
    const again = results.flatMap((result, index) => (result.kind === 'not-sent' && result.retryable ? [index] : []))
    if (again.length === 0 || job.signal.aborted) break
    await job.clock.sleep(delayMs, job.signal)
    if (!job.mayBegin()) break
    const retried = await send(again.map((index) => job.messages[index] as Outgoing))
    again.forEach((index, at) => {
      results[index] = retried[at] ?? noResult
    })
  }
  return results
}
