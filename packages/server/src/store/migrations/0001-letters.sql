-- Letters: what changes (state, cause, queue) is kept apart from what never changes (bytes, headers, stack, facts read at capture).

create type tier as enum ('transient', 'permanent', 'malformed', 'timeout', 'exhausted', 'unknown');
create type letter_state as enum ('open', 'held', 'replaying', 'uncertain', 'replayed', 'discarded', 'archived', 'erased');
create type cause_state as enum ('new', 'open', 'acknowledged', 'snoozed', 'fixed', 'regressed');

-- A place letters are captured from: a dead-letter topic, queue or table on one broker connection.
create table source (
  id int generated always as identity primary key,
  broker text not null,
  system text not null,
  place text not null,
  role text not null check (role in ('dead-letter', 'receipts')),
  created_at timestamptz not null default now(),
  unique (broker, place)
);

-- How far a source was read. Moved in the same transaction as the letters it produced, and only from the value that was read.
-- delivered = letters + duplicates + receipts + refused, or the books do not balance.
create table source_position (
  source_id int not null references source,
  partition text not null,
  next_position bigint,
  delivered bigint not null default 0,
  letters bigint not null default 0,
  duplicates bigint not null default 0,
  receipts bigint not null default 0,
  moved_at timestamptz not null default now(),
  primary key (source_id, partition),
  check (delivered = letters + duplicates + receipts)
);

create table queue (
  id int generated always as identity primary key,
  name text not null unique,
  broker text not null,
  system text not null,
  place text not null,
  owner text,
  runbook text,
  created_at timestamptz not null default now(),
  unique (broker, place)
);

-- id: the first eight bytes of the fingerprint's key, so that every node computes the same one without asking.
create table cause (
  id bigint primary key,
  queue_id int not null references queue,
  consumer text,
  tier tier not null,
  state cause_state not null default 'new',
  title text not null,
  error_class text,
  template text,
  fingerprint_version int not null,
  fingerprint_key bytea not null,
  basis text not null,
  parts jsonb not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  letters bigint not null default 0,
  -- of all that came, also when it is there no more
  first_letter uuid not null,
  -- the newest
  sample_letter uuid not null,
  unique (queue_id, fingerprint_version, fingerprint_key)
);
create index cause_recent on cause (queue_id, last_seen desc);

create table cause_hour (
  cause_id bigint not null references cause,
  hour timestamptz not null,
  letters bigint not null,
  primary key (cause_id, hour)
);

-- Releases and hosts of a cause; at most a few dozen values each, the rest is counted under null.
create table cause_facet (
  cause_id bigint not null references cause,
  facet text not null check (facet in ('release', 'host')),
  value text,
  letters bigint not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  unique nulls not distinct (cause_id, facet, value)
);

-- The narrow row: rewritten by each change of state, so it holds nothing big, no index holds its state, and half of each page is free for
-- the next form of its rows: a change then writes the page it is on and no index. id is a UUIDv7: captured order.
create table letter (
  id uuid primary key,
  queue_id int not null references queue,
  source_id int not null references source,
  cause_id bigint not null,
  state letter_state not null default 'open',
  revision int not null default 1,
  -- 0: the letter as it was captured; else the newest of its edits
  version int not null default 0,
  -- 16 bytes: partition and position where the source has them, else of a SHA-256 over its own or our wire's word for the message
  identity bytea not null,
  changed_at timestamptz not null default now(),
  unique (source_id, identity)
) with (fillfactor = 50);
create index letter_of_queue on letter (queue_id, id desc);
create index letter_of_cause on letter (cause_id, id desc);

-- Letters somebody still has to do something about, so that a few of them are found among any number that are done with. Kept right by the
-- trigger on letter; rows of new letters are copied in with them.
create table outstanding (
  queue_id int not null,
  cause_id bigint not null,
  letter_id uuid not null,
  state letter_state not null default 'open' check (state in ('open', 'held', 'uncertain'))
);
create unique index outstanding_of_queue on outstanding (queue_id, letter_id desc);
create index outstanding_of_cause on outstanding (cause_id, letter_id desc);

-- Append only, never updated; partitioned by captured time (the id's), so that retention drops whole partitions.
-- toast_tuple_target: letters of a few KB stay in the row instead of being cut into TOAST chunks.
create table letter_content (
  id uuid not null,
  key bytea,
  body bytea,
  body_sha256 bytea not null,
  headers bytea not null,          -- the ordered header list, encoding in store/header-list.ts
  properties bytea,                -- the carrier's own settings as UTF-8 JSON; bytea because it may hold NUL
  timestamp_ms bigint,
  partition text not null,
  position bigint,
  bytes int not null,
  origin_system text,
  origin_place text,
  origin_partition text,
  origin_position text,
  origin_route jsonb,
  consumer text,
  error_class text,
  message text,
  stack text,
  reason text,
  attempts int,
  first_failed_at timestamptz,
  last_failed_at timestamptz,
  service text,
  release text,
  host text,
  traceparent text,
  wire_id text,
  replay_id uuid,
  hops int,
  readers text[] not null,
  failure_headers text[] not null,
  confidence jsonb not null,
  terms int[] not null,            -- hashes of the words somebody may search for: key, ids in message and body
  primary key (id)
) partition by range (id);
alter table letter_content alter column body set storage external;
-- Months are made ahead of time (store/partitions.ts); this one only catches ids from a clock that is far off.
create table letter_content_other partition of letter_content default with (toast_tuple_target = 8160);
create index letter_content_terms on letter_content using gin (terms);
create index letter_content_wire on letter_content (wire_id) where wire_id is not null;

-- What the letters of a cause have shown of it, so that one whose stack is cut or missing still finds it. scope: queue, consumer and tier.
create table cause_shape (
  id bigint generated always as identity primary key,
  scope bytea not null,
  fingerprint_version int not null,
  fingerprint_key bytea not null,
  cause_id bigint not null references cause,
  shape jsonb not null,
  unique (scope, fingerprint_version, fingerprint_key)
);
create index cause_shape_recent on cause_shape (scope, id);

-- Letters from sources that name no identity (foreign messages on RabbitMQ), captured but perhaps not yet acknowledged: a redelivery with
-- the same content is the same message. Rows live for moments; a multiset, for identical messages are distinct.
create table unsettled (
  letter_id uuid primary key,
  source_id int not null references source,
  content_hash bytea not null,
  captured_at timestamptz not null default now()
);
create index unsettled_content on unsettled (source_id, content_hash);
