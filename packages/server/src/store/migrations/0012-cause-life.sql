-- The life of a cause: who works on it, what it waits for, what was said about it.
alter table cause
  -- a team; null: the queue's owner
  add column owner text,
  -- a person
  add column assignee text,
  -- counts changes; comments do not change a cause
  add column revision int not null default 1;

-- What a snoozed cause wakes for, or a fixed one regresses by, and what capture had counted for the cause when it began: what came since is the
-- difference, whatever the order in which letters were committed. There is one while the cause is snoozed or fixed.
create table cause_watch (
  id bigint generated always as identity primary key,
  cause_id bigint not null unique references cause,
  since timestamptz not null,
  until_at timestamptz,
  until_letters bigint check (until_letters > 0),
  -- wakes for, or was fixed in; null of a fixed cause: fixed by a person's word
  release text,
  letters bigint not null,
  -- release → letters
  releases jsonb not null,
  -- of releases beyond the first thirty, which capture counts together
  other_releases bigint not null,
  -- Letters that counting together does not tell enough about are read one by one, in the order of ids, after scan_from. known: those that were
  -- there when it began; before_scan: how many of the cause are not after scan_from.
  scan_from uuid not null,
  known uuid[] not null,
  before_scan bigint not null,
  -- how far they were read, and how many up to there
  scanned uuid not null,
  scanned_letters bigint not null default 0,
  -- the cause's letters when it was looked at last
  looked_letters bigint not null,
  looked_at timestamptz not null default now()
);

-- What was done with a cause and said about it. Append only, as the audit trail.
create table cause_event (
  id bigint generated always as identity primary key,
  cause_id bigint not null references cause,
  at timestamptz not null default clock_timestamp(),
  -- the cause's, after it
  revision int not null,
  actor text not null,
  what text not null check (what in
    ('look', 'acknowledge', 'snooze', 'wake', 'fix', 'regress', 'reopen', 'assign', 'own', 'comment', 'link', 'unlink')),
  was cause_state not null,
  became cause_state not null,
  -- the reason, the note or the comment
  said text,
  details jsonb not null default '{}'
);
create index cause_event_of_cause on cause_event (cause_id, id desc);
create index cause_event_comments on cause_event (cause_id, id desc) where what = 'comment';

create function history_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the history of a cause is append only' using errcode = 'check_violation';
end $$;
create trigger cause_event_append_only before update or delete on cause_event
  for each statement execute function history_is_append_only();
create trigger cause_event_not_truncated before truncate on cause_event
  for each statement execute function history_is_append_only();

create table cause_link (
  id int generated always as identity primary key,
  cause_id bigint not null references cause,
  kind text not null check (kind in ('tracker', 'runbook', 'other')),
  title text,
  url text not null check (url ~ '^https?://'),
  added_by text not null,
  added_at timestamptz not null default now(),
  unique (cause_id, url)
);
