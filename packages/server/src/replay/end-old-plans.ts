import { RedriveError } from '@redrive/worker'
import { endEach } from '../store/end-each.ts'
import type { Store } from '../store/store.ts'

/** So long a plan waits for somebody to run it. */
const planWaitsDays = 30
/** A receipt that comes again is known for so long; what it said of its replay stays. */
const receiptDays = 90

/** Forgets plans that nobody ran, with the letters they named. @returns how many */
export function endOldPlans(store: Store): Promise<number> {
  return endEach(store, async (client) => {
    const { rowCount } = await client.query(
      `delete from plan where id = (
         select id from plan p where created_at < now() - make_interval(days => $1) and not exists (select from run r where r.plan_id = p.id)
         order by created_at limit 1 for update skip locked)`,
      [planWaitsDays],
    )
    return rowCount === 1
  })
}

export function noPlan(): RedriveError {
  return new RedriveError('NOT_FOUND', 'There is no such plan.', {
    hint: `Make one: redrive replay plan … One that nobody runs is forgotten after ${planWaitsDays} days.`,
  })
}

/** Forgets old receipts. @returns how many */
export async function endOldReceipts(store: Store): Promise<number> {
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const { rowCount } = await client.query(
      'delete from receipt where received_at < now() - make_interval(days => $1)',
      [receiptDays],
    )
    return rowCount ?? 0
  })
}
