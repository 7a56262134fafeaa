import type { PoolClient } from 'pg'
import { type TakenOut, without, withoutDeep, withoutInJson } from './without.ts'

/** Shorter ones stand in too much that is about something else. */
export const leastText = 3
/** A column in which text of a letter, or of what somebody asked for, may stand beside the letter. */
export interface Place {
  readonly table: string
  readonly column: string
  /** `name`: of what the office acted on. `written`: JSON that is kept as text. */
  readonly kind: 'text' | 'name' | 'json' | 'written' | 'texts'
}

/** What the office wrote by itself. A person's words are taken out of it without asking. */
export const ownPlaces: readonly Place[] = [
  { table: 'alert', column: 'title', kind: 'text' },
  { table: 'alert', column: 'facts', kind: 'json' },
  { table: 'alert', column: 'next', kind: 'text' },
  { table: 'notification', column: 'notice', kind: 'json' },
  { table: 'notification', column: 'problem', kind: 'text' },
  { table: 'notifier', column: 'problem', kind: 'text' },
  { table: 'audit', column: 'details', kind: 'json' },
  { table: 'audit', column: 'target', kind: 'name' },
  { table: 'plan', column: 'selection', kind: 'json' },
  { table: 'discard', column: 'selection', kind: 'json' },
  { table: 'transform', column: 'selection', kind: 'json' },
  { table: 'transform', column: 'change', kind: 'written' },
  { table: 'transform_letter', column: 'why', kind: 'text' },
  { table: 'intent', column: 'reasons', kind: 'json' },
  { table: 'intent', column: 'problem', kind: 'text' },
  { table: 'intent', column: 'looked', kind: 'text' },
  { table: 'run', column: 'problem', kind: 'text' },
  { table: 'release_notice', column: 'problem', kind: 'text' },
  { table: 'retention_pass', column: 'problem', kind: 'text' },
  { table: 'archive', column: 'problem', kind: 'text' },
  { table: 'cause', column: 'title', kind: 'text' },
  { table: 'cause', column: 'template', kind: 'text' },
  { table: 'cause', column: 'parts', kind: 'json' },
  { table: 'cause_event', column: 'details', kind: 'json' },
  { table: 'review', column: 'content', kind: 'json' },
]

/** What people wrote and signed. It is counted, and changed only when the erasure says so. */
export const wordsOfPeople: readonly Place[] = [
  { table: 'audit', column: 'reason', kind: 'text' },
  { table: 'plan', column: 'reason', kind: 'text' },
  { table: 'discard', column: 'reason', kind: 'text' },
  { table: 'discard', column: 'undone_reason', kind: 'text' },
  { table: 'transform', column: 'reason', kind: 'text' },
  { table: 'cause_event', column: 'said', kind: 'text' },
  { table: 'alert', column: 'resolved_why', kind: 'text' },
  { table: 'retention_pass', column: 'reason', kind: 'text' },
]

/** What people say that the office is to do: changed by themselves alone, where they said it. Counted. */
export const settings: readonly Place[] = [
  { table: 'queue_document', column: 'value', kind: 'text' },
  { table: 'review_schedule', column: 'value', kind: 'json' },
  { table: 'cause_rule', column: 'name', kind: 'text' },
  { table: 'cause_rule', column: 'title', kind: 'text' },
  { table: 'cause_rule', column: 'matchers', kind: 'texts' },
  { table: 'cause_rule', column: 'reason', kind: 'text' },
  { table: 'cause_link', column: 'title', kind: 'text' },
  { table: 'cause_link', column: 'url', kind: 'text' },
]

/** As it is written within JSON, where some characters look otherwise. */
export const inJson = (said: string): string => JSON.stringify(said).slice(1, -1)

const pageSize = 500

/**
 * Counts rows of these places in which one of the texts stands, and takes it out of them if asked to.
 * @returns rows by table and column; places without any are left out
 */
export async function lookFor(
  client: PoolClient,
  options: TakenOut & { readonly places: readonly Place[]; readonly takeOut: boolean },
): Promise<readonly { readonly place: string; readonly rows: number }[]> {
  const { texts, ownWords, places, takeOut } = options
  const found: { place: string; rows: number }[] = []
  if (takeOut) await client.query(`set local redrive.erases = 'on'`)
  for (const place of texts.length === 0 ? [] : places) {
    const rows = await lookIn(client, { place, texts, ownWords, takeOut })
    if (rows > 0) found.push({ place: `${place.table}.${place.column}`, rows })
  }
  return found
}

async function lookIn(
  client: PoolClient,
  of: TakenOut & { readonly place: Place; readonly takeOut: boolean },
): Promise<number> {
  const { place, texts, takeOut } = of
  const { table, column, kind } = place
  const escaped = texts.map(inJson)
  const { rows } = await client.query<{ at: string; value: unknown }>(
    `select c.ctid::text as at, c.${column} as value from ${table} c
      where exists (select from unnest($1::text[]) as t (said) where position(t.said in c.${column}::text) > 0)`,
    [kind === 'text' ? texts : [...new Set([...texts, ...escaped])]],
  )
  const changed = rows.flatMap(({ at, value }) => {
    const bare = bareOf(kind, value, of)
    return JSON.stringify(bare) === JSON.stringify(value) ? [] : [{ at, bare }]
  })
  for (let from = 0; takeOut && from < changed.length; from += pageSize) {
    const page = changed.slice(from, from + pageSize)
    await client.query(
      `update ${table} c set ${column} = n.value::${kind === 'json' ? 'jsonb' : 'text'}
         from unnest($1::tid[], $2::text[]) as n (at, value) where c.ctid = n.at`,
      [page.map(({ at }) => at), page.map(({ bare }) => (kind === 'json' ? JSON.stringify(bare) : String(bare)))],
    )
  }
  return changed.length
}

function bareOf(kind: Place['kind'], value: unknown, taken: TakenOut): unknown {
  if (typeof value !== 'string' || kind === 'json' || kind === 'name') return withoutDeep(value, taken)
  return kind === 'written' ? withoutInJson(value, taken) : without(value, taken.texts)
}

/** Texts of an erasure, the longest first: one may hold another. */
export async function textsOf(client: PoolClient, erasure: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ said: string }>(
    'select said from erasure_text where erasure_id = $1 order by length(said) desc, said',
    [erasure],
  )
  return rows.map(({ said }) => said)
}
