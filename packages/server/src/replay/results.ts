/** How many letters had which end. */
export interface Results {
  readonly letters: number
  readonly confirmed: number
  readonly returned: number
  readonly presumed: number
  readonly unknown: number
  readonly pending: number
  readonly notSent: number
  /** Never taken up. */
  readonly waiting: number
}

export type Result = Exclude<keyof Results, 'letters'>

/** The one word for what became of a letter `p` of `plan_letter` in run `$1`, as SQL: a lateral join named `r` with the column `result`. */
export const resultJoin = `
  left join lateral (
    select case when intent.results is null then 'pending' when e.outcome is not null then e.outcome
                else case chr(get_byte(intent.results, p.ordinal - intent.from_ordinal))
                       when 'n' then 'notSent'
                       when 's' then case when intent.closed_at is null then 'pending' else 'presumed' end
                       else case when intent.closed_at is null then 'pending' else 'unknown' end
                     end
           end as result
    from (select * from intent where run_id = RUN and from_ordinal <= p.ordinal order by from_ordinal desc limit 1) intent
    left join evidence e on e.run_id = intent.run_id and e.ordinal = p.ordinal
    where intent.to_ordinal > p.ordinal
  ) r on true`

export function addUp(rows: readonly { readonly result: Result; readonly letters: number }[]): Results {
  const of = (result: Result): number => rows.reduce((sum, row) => (row.result === result ? sum + row.letters : sum), 0)
  return {
    letters: rows.reduce((sum, { letters }) => sum + letters, 0),
    confirmed: of('confirmed'),
    returned: of('returned'),
    presumed: of('presumed'),
    unknown: of('unknown'),
    pending: of('pending'),
    notSent: of('notSent'),
    waiting: of('waiting'),
  }
}
