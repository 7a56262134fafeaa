-- What people should know of a queue: a row a field, as `owner` or `tiers.permanent.process`. What a configuration's file says and what was
-- set by API are kept apart: the file wins where it speaks, and what it no longer says falls back to the other. By the queue's name, for a
-- queue may be documented before its first letter makes it.
create table queue_document (
  queue text not null,
  field text not null,
  origin text not null check (origin in ('file', 'api')),
  value text not null,
  -- the file and its line, or who set it
  said_by text not null,
  said_at timestamptz not null default now(),
  primary key (queue, field, origin)
);

-- What counts.
create view queue_says as
select distinct on (queue, field) queue, field, value, origin, said_by, said_at
  from queue_document order by queue, field, origin = 'file' desc;

-- They came from the file, which says them again when the office starts.
alter table queue drop column owner, drop column runbook, drop column body_schema;

create index audit_of_target on audit (target, id);
create index outstanding_uncertain_of_queue on outstanding (queue_id, letter_id) where state = 'uncertain';
