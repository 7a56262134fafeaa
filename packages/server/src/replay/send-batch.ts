import type { Broker, Clock, Outgoing, SendResult } from '@redrive/worker'
import type { Claimed } from './claimed.ts'
import { outgoingOf } from './outgoing.ts'

export interface SendContext {
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock: Clock
  /** Ends the waiting between tries; what is on its way is waited for. */
  readonly signal: AbortSignal
  /** Whether another try may begin. @default yes */
  readonly mayBegin?: () => boolean
}

/** Sends a batch, place by place. Never rejects; gives each letter's result, in order, and none waits for the trouble of another place. */
export async function sendBatch(batch: readonly Claimed[], context: SendContext): Promise<readonly SendResult[]> {
  const results = new Array<SendResult>(batch.length).fill(noResult)
  await Promise.all(
    byPlace(batch).map(async ({ indexes, group }) => {
      const sent = await sendGroup(group, context)
      indexes.forEach((index, at) => {
        results[index] = sent[at] ?? noResult
      })
    }),
  )
  return results
}

/** The letters of each place, with where they stand in the batch. */
export function byPlace(
  batch: readonly Claimed[],
): readonly { readonly indexes: readonly number[]; readonly group: readonly Claimed[] }[] {
  const groups = Map.groupBy(batch.keys(), (index) => JSON.stringify([batch[index]?.broker, batch[index]?.place]))
  return [...groups.values()].map((indexes) => ({ indexes, group: indexes.map((index) => batch[index] as Claimed) }))
}

async function sendGroup(
  group: readonly Claimed[],
  { brokers, clock, signal, mayBegin = () => true }: SendContext,
): Promise<readonly SendResult[]> {
  const [first] = group
  const broker = first === undefined ? undefined : brokers.get(first.broker)
  if (first === undefined || broker === undefined) return group.map(() => noBroker)
  const { place } = first
  return sendOutgoing(group, {
    broker,
    send: (messages) => sendAll({ broker, place, messages, clock, signal, mayBegin }),
  })
}

/** Puts the messages together and sends those that can be. */
export async function sendOutgoing(
  group: readonly Claimed[],
  to: {
    readonly broker: Broker
    send(messages: readonly Outgoing[]): Promise<readonly SendResult[]>
  },
): Promise<readonly SendResult[]> {
  const outgoing = group.map((claimed) => outgoingOf(claimed, to.broker))
  const messages = outgoing.flatMap((each, index) =>
    'kind' in each ? [] : [{ message: each, uniqueId: (group[index] as Claimed).attemptId }],
  )
  const sent = await to.send(messages)
  let at = 0
  return outgoing.map((each) => ('kind' in each ? each : (sent[at++] ?? noResult)))
}

const noBroker: SendResult = {
  kind: 'not-sent',
  reason: 'the office has no connection of this name any more',
  retryable: false,
}
const noResult: SendResult = { kind: 'uncertain', reason: 'the broker gave no result' }
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
