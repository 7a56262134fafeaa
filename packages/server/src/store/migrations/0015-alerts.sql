-- An alert is one conversation about one thing: a cause in one of its states, a queue, a run, a source. It ends; what comes again is another alert.
create table alert (
  id uuid primary key,
  rule text not null,
  -- what it is about; one alert of a subject at a time
  subject text not null,
  queue_id int references queue,
  cause_id bigint references cause,
  state text not null default 'raised' check (state in ('raised', 'acknowledged', 'resolved')),
  urgency text not null check (urgency in ('page', 'ticket')),
  title text not null,
  facts jsonb not null,
  next text,
  raised_at timestamptz not null,
  acknowledged_at timestamptz,
  acknowledged_by text,
  -- since when its condition does not hold any more; null while it holds
  quiet_since timestamptz,
  resolved_at timestamptz,
  -- a storm in which it was said, in place of alone
  storm uuid references alert,
  -- when it was said last, and how often since it was raised
  said_at timestamptz,
  said int not null default 0,
  escalated_at timestamptz,
  -- of the secret in the link that acknowledges it
  link_sha256 bytea not null
);
create unique index alert_of_subject on alert (subject) where state <> 'resolved';
create index alert_recent on alert (raised_at desc, id desc);
create index alert_of_cause on alert (cause_id) where cause_id is not null;

-- What is to be said to whom, in the transaction that decided it; delivered afterwards, at least once, in the order of ids for each notifier.
create table notification (
  id bigint generated always as identity primary key,
  -- its name where it goes: whoever gets it twice can tell
  key uuid not null unique,
  -- null: somebody tries the notifier
  alert_id uuid references alert,
  notifier text not null,
  change text not null,
  notice jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'refused', 'dropped')),
  written_at timestamptz not null default clock_timestamp(),
  -- not before: quiet hours
  hold_until timestamptz,
  tries int not null default 0,
  try_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  -- why the last try failed, or why it was refused or dropped
  problem text
);
create index notification_waiting on notification (notifier, id) where state = 'waiting';
create index notification_of_alert on notification (alert_id, id);

create table notifier (
  name text primary key,
  -- who delivers now, until when
  lease_token uuid,
  lease_until timestamptz,
  -- since when nothing could be delivered; null while it can
  down_since timestamptz,
  problem text
);
