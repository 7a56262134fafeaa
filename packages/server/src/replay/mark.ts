import type { SendResult } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordTransfers } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { holdsLease, type Lease } from './claim.ts'
import { storable } from './storable.ts'

/** A result for each letter of an intent, in the order of their ordinals. */
export interface Results {
  readonly fromOrdinal: number
  readonly results: readonly SendResult[]
}

/**
 * Writes down what became of the sends of a batch: `sent` letters are `replayed`, `not-sent` ones `open` again, the rest `uncertain`.
 * A receipt or a return that was quicker than the result is stronger than it: what somebody handled was sent.
 * Does nothing and says `false` when the run went to somebody else meanwhile: then these letters are `uncertain` already.
 */
export function markResults(store: Store, lease: Lease, batch: Results): Promise<boolean> {
  return store.transaction(async (client) => {
    if (!(await holdsLease(client, lease))) return false
    // Evidence that comes from now on waits for the results.
    if (await lockIntent(client, lease, batch.fromOrdinal)) await noteBatch(client, lease, batch)
    return true
  })
}

/** Until the end of the transaction nobody else says what became of it. @returns false when it has results, or is gone */
export async function lockIntent(client: PoolClient, { runId }: Lease, fromOrdinal: number): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'lock-intent',
    text: 'select from intent where run_id = $1 and from_ordinal = $2 and noted_at is null for no key update',
    values: [runId, fromOrdinal],
  })
  return rowCount === 1
}

/** Notes the results of an intent that is locked, and settles its letters. */
export async function noteBatch(client: PoolClient, lease: Lease, batch: Results): Promise<void> {
  const { fromOrdinal, results } = batch
  const doubted = results.flatMap(({ kind }, index) => (kind === 'sent' ? [] : [fromOrdinal + index]))
  const proven = await provenOf(client, lease.runId, doubted)
  const marks = results.map(({ kind }, index) => (proven.has(fromOrdinal + index) ? sentMark : markOf[kind]))
  await noteResults(client, lease.runId, { ...batch, marks })
  await settleLetters(client, lease, { fromOrdinal, marks })
}

const sentMark = 's'
const markOf = { sent: sentMark, 'not-sent': 'n', uncertain: 'u' } as const
type Mark = (typeof markOf)[keyof typeof markOf]

/** Marks an intent whose sender is gone: what evidence proves was sent, of the rest nobody knows. */
export async function markLeftBehind(
  client: PoolClient,
  lease: Pick<Lease, 'runId' | 'planId'>,
  intent: { readonly fromOrdinal: number; readonly toOrdinal: number },
): Promise<void> {
  const { fromOrdinal, toOrdinal } = intent
  const ordinals = Array.from({ length: toOrdinal - fromOrdinal }, (_, index) => fromOrdinal + index)
  const proven = await provenOf(client, lease.runId, ordinals)
  const marks = ordinals.map((ordinal) => (proven.has(ordinal) ? sentMark : markOf.uncertain))
  await noteResults(client, lease.runId, { fromOrdinal, results: [], marks })
  await client.query('update intent set problem = $3, left_at = now() where run_id = $1 and from_ordinal = $2', [
    lease.runId,
    fromOrdinal,
    'the process that was sending it died',
  ])
  await settleLetters(client, lease, { fromOrdinal, marks })
}

/** Moves letters between two states, in the books as well; those in another state stay. */
export async function moveLetters(
  client: PoolClient,
  move: {
    readonly ids: readonly string[]
    readonly from: 'open' | 'replaying' | 'uncertain'
    readonly to: 'open' | 'replayed' | 'uncertain'
    readonly reference: string
  },
): Promise<void> {
  if (move.ids.length === 0) return
  const { rows } = await client.query<Moved>(
    `with chosen as (
       select id from letter where id = any($1::uuid[]) and state = $2 order by id for update
     ), moved as (
       update letter l set state = $3, revision = l.revision + 1, changed_at = now() from chosen where l.id = chosen.id returning l.queue_id, l.state
     )
     select queue_id as "queueId", state as "to", count(*)::int as letters from moved group by 1, 2`,
    [move.ids, move.from, move.to],
  )
  await book(client, rows, move)
}

async function provenOf(client: PoolClient, runId: string, ordinals: readonly number[]): Promise<ReadonlySet<number>> {
  if (ordinals.length === 0) return new Set()
  const { rows } = await client.query<{ ordinal: number }>(
    'select ordinal from evidence where run_id = $1 and ordinal = any($2::int[])',
    [runId, ordinals],
  )
  return new Set(rows.map(({ ordinal }) => ordinal))
}

async function noteResults(
  client: PoolClient,
  runId: string,
  { fromOrdinal, results, marks }: Results & { readonly marks: readonly Mark[] },
): Promise<void> {
  const count = (mark: Mark): number => marks.reduce((sum, each) => (each === mark ? sum + 1 : sum), 0)
  const reasons = results.flatMap((result, index) =>
    'reason' in result ? [[fromOrdinal + index, storable(result.reason)] as const] : [],
  )
  const located = results.some((result) => result.kind === 'sent' && result.position !== undefined)
  await client.query({
    name: 'note-results',
    text: `update intent set noted_at = now(), results = $3, sent = $4, not_sent = $5, uncertain = $6, partitions = $7, positions = $8, reasons = $9,
             look_at = case when $6 > 0 then now() end
           where run_id = $1 and from_ordinal = $2`,
    values: [
      runId,
      fromOrdinal,
      Buffer.from(marks.join(''), 'latin1'),
      count('s'),
      count('n'),
      count('u'),
      located ? results.map((result) => (result.kind === 'sent' ? (result.partition ?? null) : null)) : null,
      located ? results.map((result) => (result.kind === 'sent' ? (result.position ?? null) : null)) : null,
      Object.fromEntries(reasons),
    ],
  })
}

async function settleLetters(
  client: PoolClient,
  lease: Pick<Lease, 'runId' | 'planId'>,
  { fromOrdinal, marks }: { readonly fromOrdinal: number; readonly marks: readonly Mark[] },
): Promise<void> {
  const moved: Moved[] = []
  for (const mark of new Set(marks)) {
    const to = stateOf[mark]
    const { rows } = await client.query<Omit<Moved, 'to'>>({
      name: 'settle-letters',
      // By the ids as one list, which is one walk through the index whatever the planner thinks it knows; the state is compared as text, since by
      // the statistics hardly a letter is under way, so that it would read all of them.
      text: `
        with moved as (
          update letter l set state = $6, revision = l.revision + 1, changed_at = now()
          where l.state::text = 'replaying' and l.id = any (array(
            select letter_id from plan_letter where plan_id = $1 and ordinal >= $2 and ordinal < $3 and get_byte($4, ordinal - $2) = $5
          ))
          returning l.queue_id
        )
        select queue_id as "queueId", count(*)::int as letters from moved group by 1`,
      values: [
        lease.planId,
        fromOrdinal,
        fromOrdinal + marks.length,
        Buffer.from(marks.join(''), 'latin1'),
        mark.charCodeAt(0),
        to,
      ],
    })
    moved.push(...rows.map((row) => ({ ...row, to })))
  }
  await book(client, moved, { from: 'replaying', reference: lease.runId })
}

const stateOf = { s: 'replayed', n: 'open', u: 'uncertain' } as const

interface Moved {
  readonly queueId: number
  readonly to: 'open' | 'replayed' | 'uncertain'
  readonly letters: number
}

function book(
  client: PoolClient,
  rows: readonly Moved[],
  { from, reference }: { readonly from: 'open' | 'replaying' | 'uncertain'; readonly reference: string },
): Promise<void> {
  return recordTransfers(
    client,
    rows.map(({ queueId, to, letters }) => ({ queueId, from, to, letters, what: 'replay', reference })),
  )
}
