import type { Broker, Clock, SendResult, SqlTransaction } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { isConnectionTrouble, type Store } from '../store/store.ts'
import type { Lease } from './claim.ts'
import type { Batch, Claimed } from './claimed.ts'
import { lockIntent, noteBatch } from './mark.ts'
import { byPlace, noResult, putTogether, resendDelaysMs, sendPut } from './send-batch.ts'
import { throughOutage } from './through-outage.ts'
import { traceSent } from './trace-sent.ts'

/**
 * `noted`: it was sent and marked. The others sent nothing: `stopped`, somebody or a rule stopped the run; `lost`, another process holds it;
 * `refused`, the database does not want it in one transaction, and it has to be sent as elsewhere.
 */
export type SentWithin =
  | { readonly kind: 'noted'; readonly isDoubted: boolean }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'refused'; readonly error: unknown }

export interface WithinContext {
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock: Clock
  /** Ends the waiting between tries. */
  readonly signal: AbortSignal
}

/**
 * Sends a batch to places in the office's own database and marks it, in one transaction. A try whose answer is lost is made again: it waits
 * for what the first one still holds, and finds the intent noted or sends now; there is nothing to guess.
 */
export async function sendWithin(
  store: Store,
  held: { readonly lease: Lease; readonly batch: Batch },
  context: WithinContext,
): Promise<SentWithin> {
  const { clock, signal } = context
  try {
    for (const delayMs of [...resendDelaysMs, null]) {
      const sent = await throughOutage(clock, () => attempt(store, held, { ...context, isLast: delayMs === null }))
      if (sent !== 'again') return sent
      await clock.sleep(delayMs ?? 0, signal)
      if (signal.aborted) break
    }
    return { kind: 'stopped' }
  } catch (error) {
    if (isConnectionTrouble(error)) throw error
    return await givenUp(store, held, { clock, error })
  }
}

class Again extends Error {}

/** `again`: it was rolled back, for something was not sent that may be tried again. */
async function attempt(
  store: Store,
  { lease, batch }: { readonly lease: Lease; readonly batch: Batch },
  context: Pick<WithinContext, 'brokers'> & { readonly isLast: boolean },
): Promise<SentWithin | 'again'> {
  const fromMs = Date.now()
  let results: readonly SendResult[] = []
  try {
    const sent = await store.transaction(async (client): Promise<SentWithin> => {
      const state = await shareRun(client, lease)
      if (state === null) return { kind: 'lost' }
      // An earlier try took effect, and its answer was lost.
      if (!(await lockIntent(client, lease, batch.fromOrdinal))) return { kind: 'noted', isDoubted: true }
      if (state !== 'running') return { kind: 'stopped' }
      results = await sendAll(client, { letters: batch.letters, brokers: context.brokers })
      if (!context.isLast && results.some((result) => result.kind === 'not-sent' && result.retryable)) throw new Again()
      await noteBatch(client, lease, { fromOrdinal: batch.fromOrdinal, results })
      return { kind: 'noted', isDoubted: results.at(-1)?.kind !== 'sent' }
    })
    if (results.length > 0) traceSent(batch.letters, { results, runId: lease.runId, fromMs })
    return sent
  } catch (error) {
    if (error instanceof Again) return 'again'
    throw error
  }
}

/**
 * Who takes the run over, or stops it, waits for this transaction, or this for them: what they find without results is not sent any more.
 * @returns its state; `null` when it is not ours
 */
async function shareRun(client: PoolClient, lease: Lease): Promise<string | null> {
  const { rows } = await client.query<{ state: string }>({
    name: 'share-run',
    text: 'select state::text from run where id = $1 and lease_token = $2 for share',
    values: [lease.runId, lease.token],
  })
  return rows[0]?.state ?? null
}

/** Place by place, for a connection does one thing at a time. */
async function sendAll(
  client: PoolClient,
  { letters, brokers }: { readonly letters: readonly Claimed[]; readonly brokers: ReadonlyMap<string, Broker> },
): Promise<readonly SendResult[]> {
  const transaction: SqlTransaction = { query: (text, values) => client.query(text, values) }
  const results = new Array<SendResult>(letters.length).fill(noResult)
  const put = await putTogether(letters, brokers)
  for (const { first, indexes } of byPlace(letters)) {
    const send = brokers.get(first.broker)?.sendWithin
    if (send === undefined) throw new Error('a place is not in this database')
    await sendPut({ batch: letters, put, indexes, results }, (messages) => send(transaction, first.place, messages))
  }
  return results.map(surely)
}

/** Nothing is noted that the adapter leaves open; the transaction is given up instead. */
function surely(result: SendResult): SendResult {
  if (result.kind === 'uncertain') throw new Error('the adapter gave no certain result within a transaction')
  return result
}

/** From now on it is an intent like any other. */
async function givenUp(
  store: Store,
  { lease, batch }: { readonly lease: Lease; readonly batch: Batch },
  { clock, error }: { readonly clock: Clock; readonly error: unknown },
): Promise<SentWithin> {
  return throughOutage(clock, () =>
    store.transaction(async (client) => {
      const state = await shareRun(client, lease)
      if (state === null) return { kind: 'lost' }
      if (!(await lockIntent(client, lease, batch.fromOrdinal))) return { kind: 'noted', isDoubted: true }
      if (state !== 'running') return { kind: 'stopped' }
      await client.query('update intent set is_within = false where run_id = $1 and from_ordinal = $2', [
        lease.runId,
        batch.fromOrdinal,
      ])
      return { kind: 'refused', error }
    }),
  )
}
