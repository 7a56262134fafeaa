-- What workers say of the messages they took: letters are only those that died.

-- By queue, consumer and minute; after some days by the hour.
create table traffic (
  queue_id int not null references queue,
  consumer text not null,
  seconds int not null check (seconds in (60, 3600)),
  -- the beginning of the minute or hour
  at timestamptz not null,
  -- each worker sends one a minute
  reports bigint not null,
  handled bigint not null,
  retried bigint not null,
  discarded bigint not null,
  skipped bigint not null,
  died_transient bigint not null,
  died_permanent bigint not null,
  died_malformed bigint not null,
  died_timeout bigint not null,
  died_exhausted bigint not null,
  died_unknown bigint not null,
  died bigint generated always as
    (died_transient + died_permanent + died_malformed + died_timeout + died_exhausted + died_unknown) stored,
  primary key (queue_id, consumer, seconds, at)
);
create index traffic_recent on traffic (seconds, at);

-- Reports that were counted: one that is delivered again counts once. Kept for longer than a report may be old.
create table traffic_report (
  id uuid primary key,
  received_at timestamptz not null default now()
);
create index traffic_report_received on traffic_report (received_at);

-- What is told of some of the messages that were handled: the newest of each queue.
create table traffic_sample (
  id bigint generated always as identity primary key,
  queue_id int not null references queue,
  consumer text not null,
  at timestamptz not null,
  -- messages that its worker handled for each one it told of
  stands_for float8 not null check (stands_for >= 1),
  -- JSON: service, release, host, partition, headers, body; as text, for jsonb does not hold every character
  content text not null
);
create index traffic_sample_newest on traffic_sample (queue_id, at);
