-- A plan is frozen: which letters in which revision, with which bytes, to where. It sends nothing.
create table plan (
  id uuid primary key,
  created_at timestamptz not null default now(),
  created_by text not null,
  reason text,
  selection jsonb not null,
  cutoff timestamptz not null,
  destination text not null check (destination in ('lane', 'origin')),
  pace int not null check (pace > 0),
  letters int not null,
  bytes bigint not null,
  skipped jsonb not null default '{}',
  digest bytea not null
);

create table plan_letter (
  plan_id uuid not null references plan on delete cascade,
  ordinal int not null,
  letter_id uuid not null,
  revision int not null,
  body_sha256 bytea not null,
  broker text not null,
  place text not null,
  primary key (plan_id, ordinal),
  unique (plan_id, letter_id)
);

create type run_state as enum ('running', 'done', 'failed');

-- One run a plan. The holder of the lease carries it out; its token fences every write.
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
  problem text
);

create type attempt_state as enum ('intended', 'sent', 'not-sent', 'uncertain');
create type attempt_outcome as enum ('pending', 'confirmed', 'returned', 'presumed', 'unknown', 'none');

-- The intent exists before the first byte is sent; its id travels with the message as the replay id.
-- No reference to run: its row is locked and read by whoever writes intents, and a check of each row would be a fifth of their cost.
-- Noting a result changes no column of an index, and half of each page is left free for it, so that no index is written then.
create table attempt (
  id uuid primary key,
  run_id uuid not null,
  letter_id uuid not null,
  ordinal int not null,
  broker text not null,
  place text not null,
  body_sha256 bytea not null,
  state attempt_state not null default 'intended',
  outcome attempt_outcome not null default 'pending',
  why text,
  intended_at timestamptz not null default now(),
  sent_at timestamptz,
  outcome_at timestamptz,
  sent_partition text,
  sent_position bigint,
  returned_letter uuid
) with (fillfactor = 50);
-- At most one replay of a letter is under way. What was not sent has the outcome none.
create unique index attempt_under_way on attempt (letter_id) where outcome = 'pending';
create index attempt_of_run on attempt (run_id, ordinal);
create index attempt_of_letter on attempt (letter_id);
create index attempt_waiting on attempt (intended_at) where outcome = 'pending';

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
