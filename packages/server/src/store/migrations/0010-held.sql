-- Letters of a worker that keeps the order of keys after death. A letter that was parked behind an unresolved one of its key is `held`.
alter table plan add column with_held boolean not null default false;

-- The line of one key of one consumer. The worker's store has the last word on it; this is what the office knows.
create table key_line (
  id bigint generated always as identity primary key,
  queue_id int not null references queue,
  consumer text not null,
  key text not null,
  -- how many held letters of it are released at a time, and when that was done last
  stride int not null default 1,
  released_at timestamptz,
  -- when to look next whether some can be; null: none is held
  look_at timestamptz,
  looks int not null default 0,
  unique (queue_id, consumer, key)
);
create index key_line_to_look on key_line (look_at) where look_at is not null;

create table letter_line (
  letter_id uuid primary key,
  line_id bigint not null references key_line,
  at bigint not null,
  -- the wire's identity of the letter that was the first of the line when this one came
  behind text,
  is_resolved boolean not null default false
);
create index letter_line_unresolved on letter_line (line_id, at) where not is_resolved;

-- Word for a worker that a letter is resolved without a replay. Written with the discard, sent afterwards, perhaps more than once.
create table release_notice (
  letter_id uuid primary key,
  line_id bigint not null references key_line,
  due_at timestamptz not null default now(),
  tries int not null default 0,
  problem text,
  sent_at timestamptz
);
create index release_notice_due on release_notice (due_at) where sent_at is null;
create index release_notice_of_line on release_notice (line_id) where sent_at is null;
