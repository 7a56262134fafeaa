import type { PoolClient } from 'pg'
import { advisoryLocks } from '../../store/advisory-locks.ts'
import type { Store } from '../../store/store.ts'
import { lockCause, writeChange } from './change.ts'
import { judgeWatch, type Verdict } from './judge-watch.ts'
import type { Watch } from './watched.ts'

export interface Followed {
  readonly woken: number
  readonly regressed: number
  /** Something is left for the next look at once. */
  readonly hasMore: boolean
}

/** Causes in one look; the longest not looked at first, so that no busy one keeps the others waiting. */
const maxWatches = 100
/** A look ends then; what is left is the next one's. */
const maxMs = 5_000

/**
 * Looks once at what snoozed and fixed causes wait for: their time, and what capture has counted for them since. Whatever is met becomes `open` or
 * `regressed`, with why in the history. Nothing is lost when this is cut off anywhere: what was not written down is looked at again.
 */
export async function followCauses(store: Store): Promise<Followed> {
  return store.transaction(async (turn) => {
    const { rows } = await turn.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [
      advisoryLocks.followCauses,
    ])
    if (rows[0]?.mine !== true) return { woken: 0, regressed: 0, hasMore: false }
    const due = await dueWatches(turn)
    const done = { woken: 0, regressed: 0, hasMore: due.length === maxWatches }
    const endMs = performance.now() + maxMs
    for (const watch of due) {
      if (performance.now() > endMs) return { ...done, hasMore: true }
      const verdict = await judgeWatch(store.pool, watch)
      if (verdict.kind === 'unfinished') done.hasMore = true
      if (await carryOut(store, watch, verdict)) done[watch.state === 'fixed' ? 'regressed' : 'woken'] += 1
    }
    return done
  })
}

async function dueWatches(client: PoolClient): Promise<readonly Watch[]> {
  const { rows } = await client.query<Watch>(
    `select w.id, w.cause_id as "causeId", c.queue_id as "queueId", c.state::text, w.since,
            w.until_at <= now() as "isTime", w.until_letters <= c.letters - w.letters as "isEnough", w.release, w.looked_letters as "lookedLetters",
            w.other_releases as "otherReleases", w.known, c.letters as "letters", c.letters - w.letters as "came",
            w.scan_from as "scanFrom", w.scanned, w.scanned_letters as "scannedLetters", w.before_scan as "beforeScan"
       from cause_watch w join cause c on c.id = w.cause_id
      where w.until_at <= now() or c.letters > w.looked_letters
      order by w.looked_at, w.id limit ${maxWatches}`,
  )
  return rows
}

/** In a transaction of its own, so that no cause is locked while others are looked at. */
function carryOut(store: Store, watch: Watch, verdict: Verdict): Promise<boolean> {
  return store.transaction(async (client) => {
    const cause = await lockCause(client, watch.causeId)
    // Somebody may have done something else with it meanwhile: then it waits for something else, or for nothing.
    const { rowCount } = await client.query('select from cause_watch where id = $1', [watch.id])
    if (cause === null || rowCount === 0) return false
    if (verdict.kind === 'met') {
      await writeChange(client, cause, {
        action: watch.state === 'fixed' ? 'regress' : 'wake',
        by: 'office',
        said: verdict.why,
        work: async () => verdict.details,
      })
      return true
    }
    const { scan } = verdict
    await client.query(
      `update cause_watch set looked_at = now(), looked_letters = $2, scanned = $3, scanned_letters = $4, before_scan = $5 where id = $1`,
      [
        watch.id,
        verdict.kind === 'unfinished' ? watch.lookedLetters : watch.letters,
        scan?.scanned ?? watch.scanned,
        scan?.scannedLetters ?? watch.scannedLetters,
        scan?.beforeScan ?? watch.beforeScan,
      ],
    )
    return false
  })
}
