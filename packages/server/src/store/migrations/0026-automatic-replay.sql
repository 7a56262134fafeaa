-- What is sent again without a person, by queue and tier. By the queue's name, as its document is.

-- What a policy remembers. Whoever begins or stops something for it locks its row first.
create table automatic_replay (
  queue text not null,
  tier tier not null,
  -- failed runs in a row
  failures int not null default 0,
  -- no run begins before
  next_at timestamptz not null default now(),
  -- a person stopped it, or it stopped itself: until somebody resumes it
  stopped_at timestamptz,
  stopped_by text,
  stopped_why text,
  -- when the address of its backend was asked last, since when it does not answer as it should, and what it answered; null while it does
  asked_at timestamptz,
  unhealthy_since timestamptz,
  health_problem text,
  -- why its last plan was not run
  problem text,
  primary key (queue, tier),
  check ((stopped_at is null) = (stopped_by is null))
);

-- Runs that a policy began, in the transaction that began them, and what they came to.
create table automatic_run (
  run_id uuid primary key references run,
  queue text not null,
  tier tier not null,
  -- null: its end was not judged yet
  settled_at timestamptz,
  verdict text check (verdict in ('passed', 'failed', 'cancelled')),
  why text,
  check ((settled_at is null) = (verdict is null))
);
-- One at a time, however many offices look.
create unique index automatic_run_going on automatic_run (queue, tier) where settled_at is null;
create index automatic_run_settled on automatic_run (queue, tier, settled_at desc);
