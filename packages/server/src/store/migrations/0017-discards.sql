-- Letters that somebody ends on purpose: first which ones, frozen; then the deed; for some days it can be undone.
create table discard (
  id uuid primary key,
  created_at timestamptz not null default now(),
  created_by text not null,
  reason text not null,
  selection jsonb not null,
  letters int not null default 0,
  -- selected, but in a state that cannot be discarded, or not there
  skipped int not null default 0,
  state text not null default 'planned' check (state in ('planned', 'done', 'undone')),
  done_at timestamptz,
  done_by text,
  undoable_until timestamptz,
  undone_at timestamptz,
  undone_by text,
  undone_reason text,
  reopened int
);
create index discard_recent on discard (created_at desc, id desc);

-- What was to be ended, and what stays of it when its bytes are gone: the hash of the body that counted.
create table discard_letter (
  discard_id uuid not null references discard,
  letter_id uuid not null,
  was letter_state not null check (was in ('open', 'held', 'uncertain')),
  -- one of its replays was uncertain
  is_doubted boolean not null,
  revision int not null,
  body_sha256 bytea not null,
  primary key (discard_id, letter_id)
);
create index discard_letter_of_letter on discard_letter (letter_id);

create function tombstones_are_immutable() returns trigger language plpgsql as $$
begin
  raise exception 'what was discarded is not rewritten' using errcode = 'check_violation';
end $$;
create trigger discard_letter_append_only before update or delete on discard_letter
  for each statement execute function tombstones_are_immutable();
create trigger discard_letter_not_truncated before truncate on discard_letter
  for each statement execute function tombstones_are_immutable();
