import { RedriveError } from '@redrive/worker'
import { parseCauseId, showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { countLetters } from './count-letters.ts'
import { type CauseLife, readLife } from './life/index.ts'
import { type CauseRow, type CauseSummary, summaryOf } from './list-causes.ts'
import { queueOwner } from './queue-owner.ts'
import { readTies, type Ties } from './rules/index.ts'

/** A cause with everything that says why its letters are here, and who sees to it. */
export interface CauseDetails extends CauseSummary, Ties, Omit<CauseLife, keyof CauseSummary> {
  readonly why: {
    /** What the letters have in common: `frames` of the stack, the `message`, the broker's `reason`, what a `rule` says, or `nothing`. */
    readonly basis: string
    readonly fingerprintVersion: number
    /** Hexadecimal. */
    readonly fingerprintKey: string
    /** The very inputs of the fingerprint. */
    readonly parts: unknown
    readonly template: string | null
    /** How many different forms of the failure were put together. */
    readonly shapes: number
  }
  /** Letters by state, states without any left out. */
  readonly states: Readonly<Record<string, number>>
  /** The latest 168 hours with letters, oldest first. */
  readonly hours: readonly { readonly hour: Date; readonly letters: number }[]
  readonly releases: readonly FacetValue[]
  readonly hosts: readonly FacetValue[]
  /** `l_…` of the latest letters, newest first, at most 5. */
  readonly samples: readonly string[]
}

export interface FacetValue {
  /** `null`: all values beyond the first thirty. */
  readonly value: string | null
  readonly letters: number
  readonly firstSeen: Date
  readonly lastSeen: Date
}

/** @throws NOT_FOUND */
export async function showCause(store: Store, id: string): Promise<CauseDetails> {
  const number = parseCauseId(id).toString()
  return store.transaction(
    async (client) => {
      const cause = await client.query<CauseRow & WhyRow>(
        `select c.*, q.name as queue, ${queueOwner} as queue_owner, c.last_seen::text as exact_last_seen, encode(c.fingerprint_key, 'hex') as key,
                (select count(*) from cause_shape s where s.cause_id = c.id) as shapes
           from cause c join queue q on q.id = c.queue_id where c.id = $1`,
        [number],
      )
      const row = cause.rows[0]
      if (row === undefined)
        throw new RedriveError('NOT_FOUND', `there is no cause ${id}`, {
          hint: 'List the causes to find the one you mean.',
        })
      const byState = (await countLetters(client, [row.id])).get(row.id) ?? {}
      const hours = await client.query<{ hour: Date; letters: string }>(
        'select hour, letters from cause_hour where cause_id = $1 order by hour desc limit 168',
        [number],
      )
      const facets = await client.query<FacetRow>(
        'select * from cause_facet where cause_id = $1 and letters > 0 order by letters desc, value',
        [number],
      )
      const samples = await client.query<{ id: string }>(
        'select id from letter where cause_id = $1 order by id desc limit 5',
        [number],
      )
      return {
        ...summaryOf(row, byState['open'] ?? 0),
        ...(await readLife(client, id)),
        ...(await readTies(client, number)),
        why: {
          basis: row.basis,
          fingerprintVersion: row.fingerprint_version,
          fingerprintKey: row.key,
          parts: row.parts,
          template: row.template,
          shapes: Number(row.shapes),
        },
        states: byState,
        hours: hours.rows.map(({ hour, letters }) => ({ hour, letters: Number(letters) })).reverse(),
        releases: valuesOf(facets.rows, 'release'),
        hosts: valuesOf(facets.rows, 'host'),
        samples: samples.rows.map((sample) => showLetterId(sample.id)),
      }
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

interface WhyRow {
  readonly basis: string
  readonly fingerprint_version: number
  readonly key: string
  readonly parts: unknown
  readonly template: string | null
  readonly shapes: string
}

interface FacetRow {
  readonly facet: string
  readonly value: string | null
  readonly letters: string
  readonly first_seen: Date
  readonly last_seen: Date
}

function valuesOf(rows: readonly FacetRow[], facet: string): FacetValue[] {
  return rows
    .filter((row) => row.facet === facet)
    .map((row) => ({
      value: row.value,
      letters: Number(row.letters),
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
    }))
}
