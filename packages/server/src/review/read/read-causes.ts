import type { Tier } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { queueOwner } from '../../causes/index.ts'
import { showCauseId } from '../../store/ids.ts'
import { firstUuidAt } from '../../store/uuid.ts'
import type { Review, ReviewedCause } from '../review.ts'
import type { Span } from '../week.ts'

/** Fewer letters move by chance. */
const fewest = 20
const times = 2

type Counted = Pick<Review['causes'], 'count' | 'isNew' | 'regressed' | 'fixed' | 'top' | 'movers'>

/** Causes by how many of their letters were captured in the span, and in the one before it, whatever became of them since. */
export async function readCauses(
  client: PoolClient,
  { fromMs, toMs, most }: Span & { readonly most: number },
): Promise<Counted> {
  const { rows } = await client.query<Row>(
    `with counted as materialized (
       select cause_id, count(*) filter (where id >= $2)::int as letters, count(*) filter (where id < $2)::int as before
         from letter_ever where id >= $1 and id < $3 group by 1
     ), ranked as (
       select *, row_number() over (order by letters desc, cause_id) as place,
         row_number() over (order by moved desc, greatest(letters, before) desc, cause_id) as move
         from (select *, case when greatest(letters, before) >= $5 and greatest(letters, before) >= $6 * least(letters, before)
                              then greatest(letters, before)::float8 / (least(letters, before) + 1) end as moved from counted) m
     )
     select c.id, q.name as queue, c.tier::text, c.title, coalesce(c.owner, ${queueOwner}) as owner, c.state::text,
       r.letters, r.before, r.place <= $4 and r.letters > 0 as is_top, r.move <= $4 and r.moved is not null as is_mover, r.moved,
       c.first_letter >= $2 as is_new
     from ranked r join cause c on c.id = r.cause_id join queue q on q.id = c.queue_id
     where r.place <= $4 or (r.move <= $4 and r.moved is not null) order by r.letters desc, c.id`,
    [firstUuidAt(2 * fromMs - toMs), firstUuidAt(fromMs), firstUuidAt(toMs), most, fewest, times],
  )
  const counted = rows.map((row) => ({ row, cause: causeOf(row) }))
  return {
    ...(await readNumbers(client, { fromMs, toMs })),
    top: counted.filter(({ row }) => row.is_top).map(({ cause }) => cause),
    movers: counted
      .filter(({ row }) => row.is_mover)
      .toSorted((a, b) => (b.row.moved ?? 0) - (a.row.moved ?? 0))
      .map(({ cause }) => cause),
  }
}

interface Row {
  readonly id: string
  readonly queue: string
  readonly tier: Tier
  readonly title: string
  readonly owner: string | null
  readonly state: string
  readonly letters: number
  readonly before: number
  readonly is_new: boolean
  readonly is_top: boolean
  readonly is_mover: boolean
  readonly moved: number | null
}

function causeOf({ id, queue, tier, title, owner, state, letters, before, is_new: isNew }: Row): ReviewedCause {
  return { id: showCauseId(id), queue, tier, title, owner, state, letters, before, isNew }
}

async function readNumbers(
  client: PoolClient,
  { fromMs, toMs }: Span,
): Promise<Pick<Counted, 'count' | 'isNew' | 'regressed' | 'fixed'>> {
  const { rows } = await client.query<{ count: number; is_new: number; regressed: number; fixed: number }>(
    `select count(*)::int as count,
       count(*) filter (where cause.first_letter >= $1)::int as is_new,
       (select count(distinct cause_id)::int from cause_event where what = 'regress' and at >= $3 and at < $4) as regressed,
       (select count(distinct cause_id)::int from cause_event where what = 'fix' and at >= $3 and at < $4) as fixed
     from (select distinct cause_id from letter_ever where id >= $1 and id < $2) c join cause on cause.id = c.cause_id`,
    [firstUuidAt(fromMs), firstUuidAt(toMs), new Date(fromMs), new Date(toMs)],
  )
  const { count = 0, is_new: isNew = 0, regressed = 0, fixed = 0 } = rows[0] ?? {}
  return { count, isNew, regressed, fixed }
}
