-- What a plan leaves out so that nothing goes round for ever, and what it tells of the others.
alter table plan
  -- letters that died more often are left out, unless beyond_cap
  add column max_hops int not null default 5,
  add column beyond_cap boolean not null default false,
  add column skip_superseded boolean not null default false,
  -- letters of it with a newer one of their key in their queue; null: too many to look through
  add column superseded int,
  -- headers that describe the failure and are not sent
  add column strips text[] not null default '{}',
  -- [{queue, consumers}]: who was seen to read where letters go back to their origin
  add column listeners jsonb not null default '[]';

-- As before, but each letter looks its intent up instead of comparing with all of its run.
create or replace view attempt as
select a.*, case when a.evidence is not null then a.evidence
                 when a.state = 'not-sent' then 'none'
                 when a.closed_at is null then 'pending'
                 when a.state = 'sent' then 'presumed'
                 else 'unknown' end as outcome,
       coalesce(a.reason, case when a.state <> 'sent' then a.problem end) as why
  from (
    select replay_id(i.run_id, l.ordinal) as id, i.run_id, l.letter_id, l.ordinal, place.broker, place.place, l.body_sha256,
           case chr(get_byte(i.results, l.ordinal - i.from_ordinal))
             when 's' then 'sent' when 'n' then 'not-sent' when 'u' then 'uncertain' else 'intended' end as state,
           i.partitions[l.ordinal - i.from_ordinal + 1] as sent_partition, i.positions[l.ordinal - i.from_ordinal + 1] as sent_position,
           i.reasons ->> l.ordinal::text as reason, i.problem, i.intended_at, i.noted_at, i.closed_at,
           e.outcome as evidence, coalesce(e.at, i.closed_at) as outcome_at, e.returned_letter
      from plan_letter l
      join run r on r.plan_id = l.plan_id
      join lateral (
        select * from intent where run_id = r.id and from_ordinal <= l.ordinal order by from_ordinal desc limit 1
      ) i on i.to_ordinal > l.ordinal
      join plan_place place on place.plan_id = l.plan_id and place.number = l.place
      left join evidence e on e.run_id = i.run_id and e.ordinal = l.ordinal
  ) a;
