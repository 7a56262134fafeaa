/** SQL of a recursive `with`: ids of causes with letters that wait, by stepping from one to the next through their index; the last row is null. */
export const waitingCauses = `waiting as (
  (select cause_id from outstanding order by cause_id limit 1)
  union all
  select (select o.cause_id from outstanding o where o.cause_id > w.cause_id order by o.cause_id limit 1)
    from waiting w where w.cause_id is not null
)`
