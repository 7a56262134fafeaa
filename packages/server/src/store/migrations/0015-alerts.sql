-- An alert is one conversation about one thing: a cause in one of its states, a queue, a run, a source. It ends; what comes again is another alert.
create table alert (
  id uuid primary key,
  rule text not null,
  -- what it is about; one alert of a subject at a time
  subject text not null,
  -- its name
  queue text,
  cause_id bigint references cause,
  tier tier,
  owner text,
  state text not null check (state in ('raised', 'acknowledged', 'resolved')),
  urgency text not null check (urgency in ('page', 'ticket', 'review')),
  title text not null,
  facts jsonb not null,
  next text,
  runbook text,
  raised_at timestamptz not null,
  acknowledged_at timestamptz,
  acknowledged_by text,
  -- since when its condition does not hold any more; null while it holds
  quiet_since timestamptz,
  resolved_at timestamptz,
  resolved_why text,
  -- the alert that speaks for it
  storm uuid references alert,
  -- when it was said last, and how often it was raised or repeated
  said_at timestamptz,
  said int not null,
  -- steps of its route's escalation that were taken
  escalated int not null,
  -- names of the notifiers that were told of it
  told text[] not null
);
create unique index alert_of_subject on alert (subject) where state <> 'resolved';
create index alert_subject on alert (subject);
create index alert_of_cause on alert (cause_id) where cause_id is not null;
create index alert_recent on alert (raised_at desc, id desc);
create index alert_said on alert (said_at) where said_at is not null;

-- Makes the secret in the links that acknowledge alerts.
create table link_key (
  is_only boolean primary key default true check (is_only),
  key bytea not null
);
insert into link_key (key) select uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

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
