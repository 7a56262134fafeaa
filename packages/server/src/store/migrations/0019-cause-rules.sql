-- What people say about which letters belong together. A merge and a split are rules too: over letters of some causes, with a cause they lead to.

-- Goes up with every change of the rules. Who commits letters holds the advisory lock of rules (store/cause-rules.ts) shared and compares.
create table cause_rule_version (only_one boolean primary key default true check (only_one), version bigint not null default 1);
insert into cause_rule_version default values;

create table cause_rule (
  id uuid primary key,
  kind text not null check (kind in ('rule', 'merge', 'split')),
  -- merges and splits act in the order they were made, after the rules
  number bigint generated always as identity,
  -- rules: the file's before the API's, then by this; the first that matches counts
  place int not null default 0,
  origin text not null default 'api' check (origin in ('api', 'file')),
  -- the file that says it
  file text,
  name text not null,
  -- null: every queue
  queue text,
  matchers text[] not null,
  title text,
  -- one cause for each value of this field
  per text,
  -- merges and splits: letters of these causes …
  sources bigint[] not null default '{}',
  -- … belong to this one
  target bigint references cause,
  made_by text not null,
  made_at timestamptz not null default now(),
  reason text,
  removed_by text,
  removed_at timestamptz,
  removed_reason text,
  check ((kind = 'rule') = (target is null)),
  check ((origin = 'file') = (file is not null))
);
create unique index cause_rule_name on cause_rule (name) where kind = 'rule' and removed_at is null;
create index cause_rule_of_target on cause_rule (target) where target is not null;
create index cause_rule_of_source on cause_rule using gin (sources) where kind <> 'rule';

-- Values that a rule has a cause of its own for, the first that came; what comes when there are enough shares one.
create table cause_rule_value (
  rule_id uuid not null references cause_rule,
  value text not null,
  primary key (rule_id, value)
);

-- The cause the algorithm found, of letters that a rule led elsewhere: where they go back to.
create table letter_home (letter_id uuid primary key, cause_id bigint not null);
create index letter_home_of_cause on letter_home (cause_id, letter_id desc);

-- Letters that a change of the rules may concern, read in the order of ids: how far, and what came of it.
create table regrouping (
  id bigint generated always as identity primary key,
  rule_id uuid not null references cause_rule,
  what text not null check (what in ('add', 'remove', 'order')),
  over text not null check (over in ('cause', 'queue')),
  ids bigint[] not null,
  -- which of ids, from 1, and after which of its letters
  at int not null default 1,
  after uuid not null default '00000000-0000-0000-0000-000000000000',
  -- the newest letter that was placed by the rules before
  until uuid not null,
  looked bigint not null default 0,
  moved bigint not null default 0,
  -- letters that no longer hold what a rule asks about: they stay
  unjudged bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create index regrouping_of_rule on regrouping (rule_id);
create index regrouping_open on regrouping (id) where ended_at is null;

-- The rule that made it; null: the algorithm.
alter table cause add column rule_id uuid references cause_rule deferrable initially deferred;
create index cause_of_rule on cause (rule_id) where rule_id is not null;

alter table cause_event drop constraint cause_event_what_check;
alter table cause_event add constraint cause_event_what_check check (what in
  ('look', 'acknowledge', 'snooze', 'wake', 'fix', 'regress', 'reopen', 'assign', 'own', 'comment', 'link', 'unlink', 'merge', 'split', 'gather', 'undo'));

-- The id is made of the key. A second unique index would let one of two transactions that make the same cause at the same moment fail, for only the
-- index that "on conflict" names waits for the other.
alter table cause drop constraint cause_queue_id_fingerprint_version_fingerprint_key_key;
