/**
 * Rows `judged` of letters whose policy is to end them some day: when (`due_at`), how (`action`) and what keeps them back (`held`, or null).
 * A letter's time begins anew with each change of its state. Needs the table of `policyTable`; `letters` names what to look at as `l`.
 *
 * Kept back are letters of which something is still expected: replays whose outcome is awaited, letters that others wait behind, and those of
 * causes that nobody has looked at since they appeared or came back.
 */
export function judgedLetters(letters: string): string {
  return `
    select l.id, l.queue_id, l.source_id, l.cause_id, c.tier, l.state, l.revision, l.changed_at,
           case when l.state = 'open' then p.open_action else p.action end as action,
           l.changed_at + make_interval(secs => case
             when l.state = 'open' then p.open_keep_s else p.keep_s end) as due_at,
           case when l.state = 'open' and not p.ends_unseen and c.state in ('new', 'regressed') then 'never-looked-at'
                when not h.is_resolved then 'in-line'
                when w.letter_id is not null or n.letter_id is not null then 'outcome-awaited' end as held
      from ${letters} l
      join cause c on c.id = l.cause_id
      join policy p on p.queue_id = l.queue_id and p.tier = c.tier
      left join letter_line h on h.letter_id = l.id
      left join awaited w on w.letter_id = l.id
      left join release_notice n on n.letter_id = l.id and n.sent_at is null
     where ((l.state in ('replayed', 'discarded') and p.action <> 'keep') or (l.state = 'open' and p.open_action <> 'keep'))`
}

/** Letters of replays that nobody has stopped waiting for. */
export const awaitedTable = `awaited as materialized (
    select distinct p.letter_id from intent i join run r on r.id = i.run_id
      join plan_letter p on p.plan_id = r.plan_id and p.ordinal >= i.from_ordinal and p.ordinal < i.to_ordinal
     where i.closed_at is null)`
