-- When reviews are sent, to whom and whose weeks they are of: a row a field, as of queue_document. What a configuration's file says and what was
-- set by API are kept apart: the file wins where it speaks, and what it no longer says falls back to the other.
create table review_schedule (
  field text not null check (field in ('zone', 'at', 'notify')),
  origin text not null check (origin in ('file', 'api')),
  -- a text; of notify a list
  value jsonb not null,
  -- the file and its line, or who set it
  said_by text not null,
  said_at timestamptz not null default now(),
  primary key (field, origin)
);
