import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { type LetterSet, letterSet, type Query } from '../letters/index.ts'
import { uuidTimeMs } from '../store/uuid.ts'
import { positionsOf, type Sample, sampleLetters, spanOf } from './sample.ts'

/** A cause (`c_…`) or a query; a query without `state:` means letters in any state. */
export type Asked = { readonly cause: string } | { readonly query: string }

export const againsts = ['letters', 'healthy'] as const
export type Against = (typeof againsts)[number]

export interface InCommonOptions {
  readonly of: Asked
  readonly nowMs: number
  /** The other letters of their queues, or messages that were handled, as workers tell of them. @default 'letters' */
  readonly against?: Against
  /** Letters read of each side. @default 2,000 */
  readonly size?: number
  /** Ids read of each side, about. @default 250,000 */
  readonly maxScanned?: number
}

/** Letters to compare, and which they stand for. */
export interface Samples {
  readonly set: Sample
  readonly others: Sample
  readonly queues: readonly string[]
  readonly complete: boolean
  readonly first: Date | null
  readonly last: Date | null
  readonly from: Date | null
  readonly to: Date | null
}

/** Others died for other reasons, but in the same world: a day around keeps some of them where all died within minutes. */
const aroundMs = 86_400_000
/** The last that an id can say. */
const maxMs = 2 ** 48 - 1

export async function samplesOf(
  client: PoolClient,
  options: InCommonOptions & { readonly query: Query },
): Promise<Samples> {
  const { of, query, nowMs, against = 'letters', size = 2_000, maxScanned } = options
  const found = await letterSet(client, query, nowMs)
  if ('cause' in of && found.kind === 'causes' && found.causes.length === 0)
    throw new RedriveError('NOT_FOUND', `There is no cause ${of.cause}.`, { hint: 'List them with: redrive causes' })
  const span = found.kind === 'causes' ? await spanOf(client, found.causes) : spanOfIds(found.ids)
  const complete = found.kind === 'causes' || found.complete
  if (span === undefined) return { ...nobody, complete }
  const { firstMs, lastMs } = span
  const queues = await queuesOf(client, found)
  const how = { size, ...(maxScanned === undefined ? {} : { maxScanned }) }
  const set =
    found.kind === 'causes'
      ? await sampleLetters(client, { ...how, causes: found.causes, without: [], fromMs: firstMs, toMs: lastMs + 1 })
      : sampleIds(found.ids, size)
  // What is older than the last one that was looked for may match as well, and would be no other letter.
  const fromMs = complete ? Math.max(0, firstMs - aroundMs) : firstMs
  const toMs = Math.min(maxMs, lastMs + aroundMs)
  const others =
    against === 'healthy'
      ? none
      : await sampleLetters(client, {
          ...how,
          causes: await causesOf(client, queues, found.kind === 'causes' ? found.causes : []),
          without: found.kind === 'causes' ? [] : found.ids,
          fromMs,
          toMs,
        })
  return {
    ...{ set, others, complete, queues: queues.map(({ name }) => name) },
    ...{ first: new Date(firstMs), last: new Date(lastMs), from: new Date(fromMs), to: new Date(toMs) },
  }
}

const none: Sample = { ids: [], letters: 0, counted: true }
const nobody = { set: none, others: none, queues: [], first: null, last: null, from: null, to: null }

/** @param ids newest first */
function spanOfIds(ids: readonly string[]): { readonly firstMs: number; readonly lastMs: number } | undefined {
  const [newest, oldest] = [ids[0], ids.at(-1)]
  if (newest === undefined || oldest === undefined) return undefined
  return { firstMs: uuidTimeMs(oldest), lastMs: uuidTimeMs(newest) }
}

function sampleIds(ids: readonly string[], size: number): Sample {
  const drawn = positionsOf(ids.length, size).map((position) => ids[position - 1] ?? '')
  return { ids: drawn, letters: ids.length, counted: true }
}

interface Queue {
  readonly id: number
  readonly name: string
}

async function queuesOf(client: PoolClient, found: LetterSet): Promise<readonly Queue[]> {
  const [table, ids] = found.kind === 'causes' ? ['cause', found.causes] : ['letter', found.ids]
  const type = found.kind === 'causes' ? 'bigint' : 'uuid'
  const { rows } = await client.query<Queue>(
    `select id, name from queue where id in (select queue_id from ${table} where id = any($1::${type}[])) order by name`,
    [ids],
  )
  return rows
}

async function causesOf(
  client: PoolClient,
  queues: readonly Queue[],
  without: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    'select id from cause where queue_id = any($1::int[]) and id <> all($2::bigint[])',
    [queues.map(({ id }) => id), without],
  )
  return rows.map(({ id }) => id)
}
