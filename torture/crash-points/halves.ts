import type { Store } from '../../packages/server/src/store/store.ts'

const count = (what: string): string => `(select count(*) from ${what})`
const sum = (what: string, from: string): string => `(select coalesce(sum(${what}), 0) from ${from})`
const audits = (action: string): string => count(`audit where action = '${action}'`)
const audited = (action: string, detail: string): string =>
  sum(`(details ->> '${detail}')::int`, `audit where action = '${action}'`)
const letters = (state: string): string => count(`letter where state = '${state}'`)
const runs = (state: string): string => count(`run where state = '${state}'`)

/** SQL for what there is and for what has to be as much of it, at every committed instant of a scene. */
const pairs: Readonly<Record<string, readonly [is: string, said: string]>> = {
  plans: [count('plan'), audits('plan.create')],
  'letters of plans': [count('plan_letter'), sum('letters', 'plan')],
  runs: [count('run'), audits('run.start')],
  'plans of policies': [count(`plan where created_by = 'policy'`), count('automatic_run')],
  'runs of policies': [count(`run where started_by = 'policy'`), count('automatic_run')],
  'runs that are done': [runs('done'), audits('run.done')],
  'runs that are cancelled': [runs('cancelled'), audits('run.cancel')],
  'runs that are paused': [runs('paused'), `${audits('run.pause')} - ${audits('run.resume')}`],
  'letters under way': [
    letters('replaying'),
    // Not taken up yet, or in an intent without results.
    sum(
      `case when run.state = 'cancelled' then 0 else plan.letters - next_ordinal end
       + coalesce((select sum(to_ordinal - from_ordinal) from intent where run_id = run.id and noted_at is null), 0)`,
      'run join plan on plan.id = plan_id',
    ),
  ],
  'uncertain letters': [letters('uncertain'), sum('uncertain', 'intent')],
  // With those that lie in archives, and those that were deleted or erased: all that ends in these scenes was discarded, but for what is erased open.
  'discarded letters': [
    `${letters('discarded')} + ${letters('archived')} + ${count(`tombstone where was in ('discarded', 'archived')`)}`,
    `${audited('letters.discard', 'discarded')} - ${audited('discard.undo', 'reopened')}`,
  ],
  'discards that are done': [count(`discard where state <> 'planned'`), audits('letters.discard')],
  'discards that are undone': [count(`discard where state = 'undone'`), audits('discard.undo')],
  'letters of discards': [count('discard_letter'), sum('letters', 'discard')],
  edits: [count('letter_version where transform_id is null'), audits('letter.edit')],
  'edited letters': [
    count('letter where version > 0'),
    `${count('(select distinct letter_id from letter_version) v')} - ${audits('letter.revert')}`,
  ],
  'transformed letters': [
    count('letter_version where transform_id is not null'),
    audited('transform.apply', 'applied'),
  ],
  'results of transforms': [count(`transform_letter where result = 'applied'`), audited('transform.apply', 'applied')],
  'letters that may be sent again': [count('possible_duplicate'), audited('letters.decide-uncertain', 'decided')],
  'letters with bytes': [count('letter join letter_content using (id)'), count('letter')],
  'outstanding letters': [count('outstanding'), count(`letter where state in ('open', 'held', 'uncertain')`)],
  'letters of causes': [sum('letters', 'cause'), `${count('letter')} + ${count('tombstone')}`],
  'archived letters': [letters('archived'), count('archived_letter')],
  'letters of archives': [
    count('archived_letter'),
    `${sum('letters', `archive where state = 'kept'`)} - ${audited('letters.restore', 'restored')}`,
  ],
  'deleted letters': [count('tombstone where not is_erased'), sum('deleted', 'retention_pass')],
  'erased letters': [count('tombstone where is_erased'), sum('erased', 'erasure')],
  'erasures that were begun': [count(`erasure where state <> 'planned'`), audits('letters.erase')],
  // Of an archive that was written anew, without those that were erased out of it.
  'letters that passes archived': [
    sum('archived', 'retention_pass'),
    `${sum('letters', `archive where state = 'kept'`)} + ${count(`tombstone where is_erased and was = 'archived'`)}`,
  ],
  'letters of causes that are not open': [
    sum('letters', `cause_change where state <> 'open'`),
    count(`letter where state <> 'open'`),
  ],
  'receipts and returns': [
    `${count('receipt')} + ${count('letter_content where replay_id is not null')}`,
    sum('confirmed + returned', 'intent'),
  ],
}

/** @returns a line for each thing that is half done */
export async function halves({ pool }: Store): Promise<readonly string[]> {
  const names = Object.keys(pairs)
  const columns = Object.values(pairs).map(([is, said], at) => `(${is})::int as is${at}, (${said})::int as said${at}`)
  const { rows } = await pool.query<Record<string, number>>(`select ${columns.join(', ')}`)
  return names.flatMap((name, at) => {
    const [is, said] = [rows[0]?.[`is${at}`], rows[0]?.[`said${at}`]]
    return is === said ? [] : [`${name}: there are ${is}, and ${said} are accounted for elsewhere`]
  })
}
