import type { Receipt } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { lookAtLinesOf } from '../store/letter-lines.ts'
import type { Store } from '../store/store.ts'
import { moveLetters } from './mark.ts'
import { parseReplayId } from './replay-id.ts'

/**
 * What consumers made of replayed letters. Evidence may come in any order and more than once, before or after the run has noted that it
 * sent; a receipt or a return also proves that a send arrived which was `uncertain`, or `not-sent` by the broker's mistaken word.
 */
export async function applyReceipts(client: PoolClient, receipts: readonly Receipt[]): Promise<void> {
  await applyEvidence(
    client,
    receipts.map(({ replayId, result }) => ({
      replayId,
      outcome: result === 'failed' ? 'returned' : 'confirmed',
      returned: null,
    })),
  )
}

/** Letters that died again: their captured successors carry the replay id. */
export async function applyReturns(
  client: PoolClient,
  letters: readonly { readonly letterId: string; readonly replayId: string }[],
): Promise<void> {
  await applyEvidence(
    client,
    letters.map(({ letterId, replayId }) => ({ replayId, outcome: 'returned', returned: letterId })),
  )
}

/**
 * Sends without any evidence after the window: `presumed` handled where the send was acknowledged, `unknown` where even that is open.
 * Never touches a letter's state.
 * @returns how many letters' replays are waited for no longer
 */
export async function closeWindows(store: Store, windowSeconds: number): Promise<number> {
  const { rows } = await store.pool.query<{ closed: number }>(
    `update intent set closed_at = now()
     where closed_at is null and noted_at < now() - make_interval(secs => $1)
       and intended_at < now() - make_interval(secs => $1) -- follows from the line above, and there is an index for it
     returning sent + uncertain - confirmed - returned as closed`,
    [windowSeconds],
  )
  return rows.reduce((sum, { closed }) => sum + closed, 0)
}

interface Evidence {
  readonly replayId: string
  readonly outcome: 'confirmed' | 'returned'
  readonly returned: string | null
}

interface Found {
  readonly run_id: string
  readonly plan_id: string
  readonly from_ordinal: number
  readonly ordinal: number
  readonly outcome: 'confirmed' | 'returned'
  readonly was: 'confirmed' | 'returned' | null
  /** The mark in the intent; `null` before its results are noted. */
  readonly mark: 's' | 'n' | 'u' | null
}

async function applyEvidence(client: PoolClient, evidence: readonly Evidence[]): Promise<void> {
  const found = await keepEvidence(client, evidence)
  if (found.length === 0) return
  await countEvidence(client, found)
  await lookAtLines(client, found)
  for (const [mark, from] of [
    ['u', 'uncertain'],
    ['n', 'open'],
  ] as const) {
    const proven = found.filter((each) => each.mark === mark)
    for (const [reference, each] of Map.groupBy(proven, ({ run_id }) => run_id)) {
      const ids = await lettersOf(client, each)
      await moveLetters(client, { ids, from, to: 'replayed', reference })
    }
  }
}

/** Those without an intent are none of ours. `returned` is stronger than `confirmed`, and stays. */
async function keepEvidence(client: PoolClient, evidence: readonly Evidence[]): Promise<readonly Found[]> {
  const known = evidence.flatMap((each) => {
    const id = parseReplayId(each.replayId)
    return id === null ? [] : [{ ...each, ...id }]
  })
  if (known.length === 0) return []
  const [runs, ordinals] = [known.map(({ runId }) => runId), known.map(({ ordinal }) => ordinal)]
  // In a statement of its own: the next one sees what the last holder of these locks wrote.
  await client.query(
    `select from intent where (run_id, from_ordinal) in (
       select meant.run_id, (${intentOf('meant')}) from unnest($1::uuid[], $2::int[]) as meant(run_id, ordinal)
     ) order by run_id, from_ordinal for no key update`,
    [runs, ordinals],
  )
  const { rows } = await client.query<Found>(
    `with said as (
       select run_id, ordinal, max(outcome) as outcome, max(returned::text)::uuid as returned
       from unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[]) as e(run_id, ordinal, outcome, returned) group by 1, 2
     ), ours as (
       select said.*, run.plan_id, i.from_ordinal, i.results, old.outcome as was
       from said join run on run.id = said.run_id
       join intent i on i.run_id = said.run_id and i.from_ordinal = (${intentOf('said')}) and i.to_ordinal > said.ordinal
       left join evidence old on old.run_id = said.run_id and old.ordinal = said.ordinal
     ), kept as (
       insert into evidence as e (run_id, ordinal, outcome, returned_letter) select run_id, ordinal, outcome, returned from ours
       on conflict (run_id, ordinal) do update
         set outcome = greatest(e.outcome, excluded.outcome), returned_letter = coalesce(e.returned_letter, excluded.returned_letter)
     )
     select run_id, plan_id, from_ordinal, ordinal, greatest(was, outcome) as outcome, was,
       chr(get_byte(results, ordinal - from_ordinal)) as mark
     from ours order by run_id, ordinal`,
    [runs, ordinals, known.map(({ outcome }) => outcome), known.map(({ returned }) => returned)],
  )
  return rows
}

function intentOf(letter: string): string {
  return `select i.from_ordinal from intent i where i.run_id = ${letter}.run_id and i.from_ordinal <= ${letter}.ordinal
          order by i.from_ordinal desc limit 1`
}

/** In the intents: the numbers, and that what was doubted was sent. */
async function countEvidence(client: PoolClient, found: readonly Found[]): Promise<void> {
  for (const each of Map.groupBy(found, ({ run_id, from_ordinal }) => `${run_id} ${from_ordinal}`).values()) {
    const [first] = each
    if (first === undefined) continue
    const count = (matches: (one: Found) => boolean): number => each.filter(matches).length
    const change = (outcome: string): number =>
      count((one) => one.outcome === outcome) - count(({ was }) => was === outcome)
    const { rows } = await client.query<{ results: Buffer | null }>(
      `update intent set confirmed = confirmed + $3, returned = returned + $4 where run_id = $1 and from_ordinal = $2 returning results`,
      [first.run_id, first.from_ordinal, change('confirmed'), change('returned')],
    )
    const doubted = each.filter(({ mark }) => mark === 'u' || mark === 'n')
    const results = rows[0]?.results
    if (doubted.length === 0 || !results) continue
    for (const { ordinal, from_ordinal } of doubted) results[ordinal - from_ordinal] = sentByte
    await client.query(
      `update intent set results = $3, sent = sent + $4 + $5, uncertain = uncertain - $4, not_sent = not_sent - $5
       where run_id = $1 and from_ordinal = $2`,
      [first.run_id, first.from_ordinal, results, count(({ mark }) => mark === 'u'), count(({ mark }) => mark === 'n')],
    )
  }
}

const sentByte = 's'.charCodeAt(0)

/** Where nobody waits in a line, as with workers that keep none, this is a look into an empty index. */
async function lookAtLines(client: PoolClient, found: readonly Found[]): Promise<void> {
  const { rows } = await client.query<{ some: boolean }>({
    name: 'some-lines-wait',
    text: 'select exists (select from key_line where look_at is not null) as some',
  })
  if (rows[0]?.some === true) await lookAtLinesOf(client, await lettersOf(client, found))
}

async function lettersOf(client: PoolClient, found: readonly Found[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ letter_id: string }>(
    `select p.letter_id from unnest($1::uuid[], $2::int[]) as f(plan_id, ordinal) join plan_letter p on p.plan_id = f.plan_id and p.ordinal = f.ordinal`,
    [found.map(({ plan_id }) => plan_id), found.map(({ ordinal }) => ordinal)],
  )
  return rows.map(({ letter_id }) => letter_id)
}
