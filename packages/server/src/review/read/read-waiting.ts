import type { PoolClient } from 'pg'
import { queueOwner } from '../../causes/index.ts'
import { showCauseId } from '../../store/ids.ts'
import { uuidTimeMs } from '../../store/uuid.ts'
import type { Review, Some, WaitingCause } from '../review.ts'

const weekMs = 7 * 86_400_000

/** Causes whose letters wait now: those that nobody looked at, that nobody owns, that wait for more than a week. */
export async function readWaiting(
  client: PoolClient,
  { nowMs, most }: { readonly nowMs: number; readonly most: number },
): Promise<Pick<Review['causes'], 'neverOpened' | 'withoutOwner' | 'old'>> {
  const { rows } = await client.query<Row>(
    `select c.id, q.name as queue, c.title, o.waiting, o.oldest, c.state = 'new' as is_unopened, coalesce(c.owner, ${queueOwner}) is null as is_unowned
       from (select cause_id, count(*)::int as waiting, (array_agg(letter_id order by letter_id))[1] as oldest from outstanding group by 1) o
       join cause c on c.id = o.cause_id join queue q on q.id = c.queue_id order by o.waiting desc, c.id`,
  )
  const some = (chosen: readonly Row[]): Some<WaitingCause> => ({
    count: chosen.length,
    shown: chosen.slice(0, most).map(({ id, queue, title, waiting, oldest }) => ({
      id: showCauseId(id),
      queue,
      title,
      waiting,
      oldestAt: new Date(uuidTimeMs(oldest)).toISOString(),
    })),
  })
  return {
    neverOpened: some(rows.filter((row) => row.is_unopened)),
    withoutOwner: some(rows.filter((row) => row.is_unowned)),
    old: some(rows.filter(({ oldest }) => uuidTimeMs(oldest) < nowMs - weekMs)),
  }
}

interface Row {
  readonly id: string
  readonly queue: string
  readonly title: string
  readonly waiting: number
  readonly oldest: string
  readonly is_unopened: boolean
  readonly is_unowned: boolean
}
