import type { Broker, Clock, Message, SendResult } from '@redrive/worker'
import type { Claimed } from './claim.ts'
import type { Sent } from './mark.ts'
import { outgoingOf } from './outgoing.ts'

export interface SendContext {
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock: Clock
  /** Ends the waiting between tries; what is on its way is waited for. */
  readonly signal: AbortSignal
}

/** Sends a batch, place by place. Never rejects; every letter gets a result, and none waits for the trouble of another place. */
export async function sendBatch(batch: readonly Claimed[], context: SendContext): Promise<readonly Sent[]> {
  const groups = Map.groupBy(batch, ({ broker, place }) => JSON.stringify([broker, place]))
  const sent = await Promise.all([...groups.values()].map((group) => sendGroup(group, context)))
  return sent.flat()
}

async function sendGroup(group: readonly Claimed[], { brokers, clock, signal }: SendContext): Promise<readonly Sent[]> {
  const [first] = group
  const broker = first === undefined ? undefined : brokers.get(first.broker)
  if (first === undefined || broker === undefined) return group.map((claimed) => ({ claimed, result: noBroker }))
  const refused: Sent[] = []
  const sendable: Claimed[] = []
  const messages: Message[] = []
  for (const claimed of group) {
    const outgoing = outgoingOf(claimed, broker.capabilities)
    if ('kind' in outgoing) refused.push({ claimed, result: outgoing })
    else {
      sendable.push(claimed)
      messages.push(outgoing)
    }
  }
  const results = await sendAll({ broker, place: first.place, messages, clock, signal })
  return [...refused, ...sendable.map((claimed, index) => ({ claimed, result: results[index] ?? noResult }))]
}

const noBroker: SendResult = {
  kind: 'not-sent',
  reason: 'the office has no connection of this name any more',
  retryable: false,
}
const noResult: SendResult = { kind: 'uncertain', reason: 'the broker gave no result' }
const resendDelaysMs = [100, 500, 2_000]

/** What was certainly not sent and may be tried again is tried a few times more under the same intent. */
async function sendAll(job: {
  readonly broker: Broker
  readonly place: string
  readonly messages: readonly Message[]
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<readonly SendResult[]> {
  const send = async (messages: readonly Message[]): Promise<readonly SendResult[]> => {
    if (messages.length === 0) return []
    try {
      return await job.broker.send(
        job.place,
        messages.map((message) => ({ message })),
      )
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
    const retried = await send(again.map((index) => job.messages[index] as Message))
    again.forEach((index, at) => {
      results[index] = retried[at] ?? noResult
    })
  }
  return results
}
