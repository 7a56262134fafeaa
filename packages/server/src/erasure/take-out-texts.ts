import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import { ownWordsOf } from './own-words.ts'
import { inJson, lookFor, ownPlaces, textsOf, wordsOfPeople } from './texts.ts'

/** Takes what names the person out of what the office wrote elsewhere, and out of what people wrote if the erasure says so. */
export async function takeOutTexts(
  store: Store,
  { erasure, alsoWords }: { readonly erasure: string; readonly alsoWords: boolean },
): Promise<void> {
  await store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const texts = await textsOf(client, erasure)
    const places = alsoWords ? [...ownPlaces, ...wordsOfPeople] : ownPlaces
    const found = await lookFor(client, { texts, ownWords: await ownWordsOf(client), places, takeOut: true })
    const rows = found.reduce((sum, place) => sum + place.rows, 0) + (await takeOutNames(client, texts))
    await client.query(
      `update erasure set texts = texts + $2, last_change = case when $2 > 0 then pg_current_xact_id() else last_change end where id = $1`,
      [erasure, rows],
    )
  })
}

/** Rows that are named by a key or a value: they go, as nothing is left that they are about. */
async function takeOutNames(client: PoolClient, texts: readonly string[]): Promise<number> {
  const lines = await client.query(
    `delete from key_line k where key = any($1::text[]) and not exists (select from letter_line h where h.line_id = k.id)
       and not exists (select from release_notice n where n.line_id = k.id)`,
    [texts],
  )
  const values = await client.query('delete from cause_rule_value where value = any($1::text[])', [texts])
  // A message that was handled is of no use without what it says.
  const samples = await client.query(
    'delete from traffic_sample s where exists (select from unnest($1::text[]) as t (said) where position(t.said in s.content) > 0)',
    [[...new Set([...texts, ...texts.map(inJson)])]],
  )
  return (lines.rowCount ?? 0) + (values.rowCount ?? 0) + (samples.rowCount ?? 0)
}
