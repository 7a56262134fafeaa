-- Erasure of a person's letters: first which ones, frozen; then the deed, which cannot be undone.

create table erasure (
  id uuid primary key,
  created_at timestamptz not null default now(),
  created_by text not null,
  -- of what was asked for; the text itself is nowhere
  selected_by text not null check (selected_by in ('key', 'query', 'letters')),
  selection_sha256 bytea not null,
  letters int not null,
  state text not null default 'planned' check (state in ('planned', 'running', 'done')),
  reason text,
  begun_at timestamptz,
  begun_by text,
  -- what people wrote goes as well where it names the person
  also_words boolean not null default false,
  erased int not null default 0,
  archives int not null default 0,
  texts int not null default 0,
  -- the newest transaction that took something out: what was before it may be seen by nobody any more when tables are rewritten
  last_change xid8,
  -- letters whose bytes are gone from the database's files
  freed int not null default 0,
  letters_at timestamptz,
  archives_at timestamptz,
  texts_at timestamptz,
  bytes_at timestamptz,
  finished_at timestamptz,
  -- months whose tables are to be rewritten
  partitions text[] not null default '{}',
  -- what the database's files cannot be rid of from here
  left_to_others text[] not null default '{}',
  tried_at timestamptz,
  problem text
);
create index erasure_recent on erasure (created_at desc, id desc);
create index erasure_open on erasure (created_at) where state <> 'done';

-- Goes when it is done.
create table erasure_letter (
  erasure_id uuid not null references erasure on delete cascade,
  letter_id uuid not null,
  primary key (erasure_id, letter_id)
);
create index erasure_letter_of_letter on erasure_letter (letter_id);

-- What is looked for in other places: keys, titles, words that were asked for. Goes when it is done, and its table is rewritten.
create table erasure_text (
  erasure_id uuid not null references erasure on delete cascade,
  said text not null,
  primary key (erasure_id, said)
);

-- No hash of an erased body is kept: who can guess the body could prove it. A message's time tells its redelivery from another message at the same
-- position of a place that was made anew.
alter table tombstone
  add column is_erased boolean not null default false,
  add column timestamp_ms bigint,
  alter column body_sha256 drop not null,
  add constraint tombstone_hash check ((body_sha256 is null) = is_erased);

create or replace function tombstones_are_immutable() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('redrive.erases', true) = 'on' then return null; end if;
  raise exception 'what was discarded is not rewritten' using errcode = 'check_violation';
end $$;

-- redrive.erases is on where erasure takes a person's words out; nothing is deleted even then.
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('redrive.erases', true) = 'on' then return null; end if;
  raise exception 'the audit trail is append only' using errcode = 'check_violation';
end $$;
drop trigger audit_append_only on audit;
create trigger audit_append_only before update or delete on audit
  for each statement execute function audit_is_append_only();

create or replace function history_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('redrive.erases', true) = 'on' then return null; end if;
  raise exception 'the history of a cause is append only' using errcode = 'check_violation';
end $$;
