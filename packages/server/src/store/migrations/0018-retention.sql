-- Retention: what became of letters whose time was over.

-- What remains of a letter that was deleted.
create table tombstone (
  letter_id uuid primary key,
  queue_id int not null,
  source_id int not null,
  cause_id bigint not null,
  -- the letter's: what its source delivers once more is still no other letter
  identity bytea not null,
  was letter_state not null,
  -- since when it was that
  since timestamptz not null,
  body_sha256 bytea not null,
  pass_id uuid not null,
  unique (source_id, identity)
);

-- For reports that speak of letters whichever became of them.
create view letter_ever as
select id, queue_id, source_id, cause_id from letter union all select letter_id, queue_id, source_id, cause_id from tombstone;

-- A look at all letters that found some whose time was over.
create table retention_pass (
  id uuid primary key,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  -- the policy, or who said that more than it may go
  by text not null,
  reason text,
  -- asks: so many are due that a person has to say so
  state text not null check (state in ('running', 'done', 'asks', 'failed')),
  -- of how many
  letters bigint not null,
  to_delete bigint not null,
  to_archive bigint not null,
  deleted bigint not null default 0,
  archived bigint not null default 0,
  freed_bytes bigint not null default 0,
  problem text
);
create index retention_pass_recent on retention_pass (started_at desc, id desc);

-- Letters whose bytes are still in a partition of letter_content though nothing wants them there; its rows are taken out once the pass is over.
create table content_debt (
  partition text primary key,
  letters bigint not null,
  from_id uuid not null,
  to_id uuid not null
);

-- Of a watched cause: letters that were deleted since.
alter table cause_watch add column gone bigint not null default 0;

-- Letters that lie elsewhere, in files of one writing.
create table archive (
  id uuid primary key,
  made_at timestamptz not null default now(),
  pass_id uuid not null,
  -- writing: perhaps there in part; no letter depends on it
  state text not null check (state in ('writing', 'kept', 'removing')),
  -- where, as people are told
  place text not null,
  letters int not null default 0,
  bytes bigint not null default 0,
  -- since when no letter lies in it any more
  emptied_at timestamptz,
  -- hex; another manifest is not read
  manifest_sha256 text,
  verified_at timestamptz,
  -- what was wrong with it then
  problem text
);
create index archive_recent on archive (made_at desc, id desc);

create table archived_letter (
  letter_id uuid primary key,
  archive_id uuid not null,
  -- in the file, from 0
  row int not null,
  was letter_state not null
);
create index archived_letter_of_archive on archived_letter (archive_id, row);
