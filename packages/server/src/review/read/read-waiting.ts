import type { PoolClient } from 'pg'
import { queueOwner } from '../../causes/index.ts'
import { showCauseId } from '../../store/ids.ts'
import { uuidTimeMs } from '../../store/uuid.ts'
import type { Found } from '../decide.ts'
import type { WaitingCause } from '../review.ts'

const weekMs = 7 * 86_400_000

/** All causes whose letters wait now, those with most first: that nobody looked at, that nobody owns, that wait for more than a week. */
export async function readWaiting(client: PoolClient, { nowMs }: { readonly nowMs: number }): Promise<Found['causes']> {
  const { rows } = await client.query<Row>(
    `select c.id, q.name as queue, c.title, o.waiting, o.oldest, c.state = 'new' as is_unopened, c.state = 'snoozed' as is_snoozed, coalesce(c.owner, ${queueOwner}) is null as is_unowned
       from (select cause_id, count(*)::int as waiting, (array_agg(letter_id order by letter_id))[1] as oldest from outstanding group by 1) o
       join cause c on c.id = o.cause_id join queue q on q.id = c.queue_id order by o.waiting desc, c.id`,
  )
  const shown = ({ id, queue, title, waiting, oldest }: Row): WaitingCause => ({
    id: showCauseId(id),
    queue,
    title,
    waiting,
    oldestAt: new Date(uuidTimeMs(oldest)).toISOString(),
  })
  return {
    neverOpened: rows.filter((row) => row.is_unopened).map(shown),
    withoutOwner: rows.filter((row) => row.is_unowned).map(shown),
    old: rows.filter(({ oldest, is_snoozed }) => !is_snoozed && uuidTimeMs(oldest) < nowMs - weekMs).map(shown),
  }
}

interface Row {
  readonly id: string
  readonly queue: string
  readonly title: string
  readonly waiting: number
  readonly oldest: string
  readonly is_unopened: boolean
  /** Somebody decided that it may wait. */
  readonly is_snoozed: boolean
  readonly is_unowned: boolean
}
