-- A plan is frozen: which letters in which revision, with which bytes, to where. It sends nothing.
create table plan (
  id uuid primary key,
  created_at timestamptz not null default now(),
  created_by text not null,
  reason text,
  selection jsonb not null,
  cutoff timestamptz not null,
  destination text not null check (destination in ('lane', 'origin')),
  -- letters a second
  pace int not null check (pace > 0),
  -- the first so many letters go alone, and are judged by what their consumer made of them
  canary int not null default 0,
  verdict_seconds int not null default 0,
  -- from here to the pace, in so many seconds
  ramp_from int not null check (ramp_from > 0 and ramp_from <= pace),
  ramp_seconds int not null default 0,
  halt_rules jsonb not null default '{}',
  letters int not null,
  bytes bigint not null,
  skipped jsonb not null default '{}',
  digest bytea not null
);

create table plan_place (
  plan_id uuid not null references plan on delete cascade,
  number int not null,
  broker text not null,
  place text not null,
  primary key (plan_id, number)
);

-- Ordinals are 0, 1, 2 … in the order of sending.
create table plan_letter (
  plan_id uuid not null references plan on delete cascade,
  ordinal int not null,
  letter_id uuid not null,
  revision int not null,
  version int not null,
  body_sha256 bytea not null,
  place int not null,
  bytes int not null,
  primary key (plan_id, ordinal)
);
create index plan_letter_of_letter on plan_letter (letter_id);

-- halted: by a rule; paused: by a person, or because a person has to decide.
create type run_state as enum ('running', 'paused', 'halted', 'cancelled', 'done');
create type canary_verdict as enum ('pass', 'fail', 'inconclusive', 'overridden');

-- One run a plan: its letters are `replaying` from its start, so nobody else touches them. The holder of the lease carries it out; its
-- token fences every write. The last four bytes of id are zero: a replay's id has the ordinal of its letter there. All times are the
-- database's, so that a pace holds over restarts and several offices.
create table run (
  id uuid primary key,
  plan_id uuid not null unique references plan,
  state run_state not null default 'running',
  started_by text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  next_ordinal int not null default 0,
  lease_token bigint not null default 0,
  lease_until timestamptz not null default now(),
  -- what was sent is paid for until then
  paced_until timestamptz not null default now(),
  ramp_since timestamptz,
  -- when it last took letters up
  intended_at timestamptz,
  verdict canary_verdict,
  -- outcomes before it were judged, or somebody said to go on despite them
  judged_since timestamptz not null default now(),
  judged_from int not null default 0,
  -- why it is paused or halted, and the rule's name
  problem text,
  rule text
);

-- What will be sent next, durable before its first byte is: a row a batch, for a row a letter would cost more than all else of a replay.
-- Results of letters are noted in it; what a run left without results when it was taken over is uncertain.
create table intent (
  run_id uuid not null references run,
  from_ordinal int not null,
  -- the first that is not in it
  to_ordinal int not null,
  intended_at timestamptz not null default now(),
  noted_at timestamptz,
  -- a byte a letter: s sent, n not sent, u uncertain
  results bytea,
  -- where the broker put them, if it said so
  partitions text[],
  positions bigint[],
  -- ordinal → why it was not sent or is uncertain; problem: of all that have no reason of their own
  reasons jsonb not null default '{}',
  problem text,
  -- how many; those with evidence are in one of the last two as well
  sent int not null default 0,
  not_sent int not null default 0,
  uncertain int not null default 0,
  confirmed int not null default 0,
  returned int not null default 0,
  -- the end of waiting for evidence
  closed_at timestamptz,
  primary key (run_id, from_ordinal),
  check (to_ordinal > from_ordinal),
  check ((noted_at is null) = (results is null)),
  check (octet_length(results) = to_ordinal - from_ordinal),
  check (results is null or sent + not_sent + uncertain = to_ordinal - from_ordinal)
);
create index intent_waiting on intent (intended_at) where closed_at is null;

-- What consumers made of replayed letters, by receipts and returns: it also proves that they were sent.
create table evidence (
  run_id uuid not null,
  ordinal int not null,
  outcome text not null check (outcome in ('confirmed', 'returned')),
  at timestamptz not null default now(),
  returned_letter uuid,
  primary key (run_id, ordinal)
);
create index evidence_recent on evidence (run_id, at desc);

-- Receipts may come before the run has noted that it sent, or twice.
create table receipt (
  replay_id uuid primary key,
  result text not null check (result in ('handled', 'discarded', 'failed')),
  attempts int not null,
  at timestamptz not null,
  received_at timestamptz not null default now(),
  service text,
  release text,
  host text
);

create function replay_id(run_id uuid, ordinal int) returns uuid language sql immutable as
  $$ select encode(substring(uuid_send(run_id) for 12) || int4send(ordinal), 'hex')::uuid $$;

-- Each letter's own replay, put together from the above: its state is intended, sent, not-sent or uncertain; its outcome pending,
-- confirmed, returned, presumed, unknown, or none where nothing was sent.
create view attempt as
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
      join intent i on i.run_id = r.id and i.from_ordinal <= l.ordinal and i.to_ordinal > l.ordinal
      join plan_place place on place.plan_id = l.plan_id and place.number = l.place
      left join evidence e on e.run_id = i.run_id and e.ordinal = l.ordinal
  ) a;
