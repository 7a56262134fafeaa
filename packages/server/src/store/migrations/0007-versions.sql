-- Edits. The letter as it was captured is version 0 and stays in letter_content; each edit is a row here that nobody changes any more.
-- letter.version says which of them counts.

-- A JSON Schema that the queue's bodies have to fit once they were edited, as it is written in the configuration's file.
alter table queue add column body_schema text;

-- A change to many letters: which ones in which revision is fixed when it is made, as in a plan. It changes nothing until it is applied.
create table transform (
  id uuid primary key,
  created_at timestamptz not null default now(),
  created_by text not null,
  reason text not null,
  selection jsonb not null,
  -- the change as JSON; text, for its numbers and its bytes are kept as they are written
  change text not null,
  ignore_schema boolean not null,
  letters int not null,
  -- named in the selection, but not there
  missing int not null
);

create type transform_verdict as enum ('applicable', 'unchanged', 'refused');
create type transform_result as enum ('applied', 'refused', 'reverted');

-- verdict: what trying it showed, null before. result: what was done, null before; version is the one it wrote. why: of whichever came last.
create table transform_letter (
  transform_id uuid not null references transform on delete cascade,
  ordinal int not null,
  letter_id uuid not null,
  revision int not null,
  verdict transform_verdict,
  result transform_result,
  version int,
  why text,
  primary key (transform_id, ordinal)
);
create index transform_letter_untried on transform_letter (transform_id, ordinal) where verdict is null;
create index transform_letter_unapplied on transform_letter (transform_id, ordinal) where verdict = 'applicable' and result is null;
create index transform_letter_applied on transform_letter (transform_id, ordinal) where result = 'applied';

create table letter_version (
  letter_id uuid not null,
  version int not null check (version >= 1),
  -- the version it was made of
  parent int not null check (parent >= 0 and parent < version),
  author text not null,
  reason text not null,
  created_at timestamptz not null default now(),
  key bytea,
  body bytea,
  body_sha256 bytea not null,
  headers bytea not null,
  -- of key, body and headers: store/letter-versions.ts
  content_sha256 bytea not null,
  bytes int not null,
  -- what was done, without the bytes
  edit jsonb not null,
  transform_id uuid references transform,
  primary key (letter_id, version)
);
alter table letter_version alter column body set storage external;

-- Their bytes go with those of their letter alone: redrive.ends is on where retention ends letters or archives give them back.
create function versions_are_immutable() returns trigger language plpgsql as $$
begin
  if current_setting('redrive.ends', true) = 'on' then return null; end if;
  raise exception 'versions of letters are append only' using errcode = 'check_violation';
end $$;
create trigger letter_version_append_only before update or delete on letter_version
  for each statement execute function versions_are_immutable();
create trigger letter_version_not_truncated before truncate on letter_version
  for each statement execute function versions_are_immutable();
