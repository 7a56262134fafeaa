-- Reviews of weeks that are over, as they were when they were made.
create table review (
  -- 2026-W47, as the calendar numbers weeks that begin on Monday
  week text primary key check (week ~ '^\d{4}-W\d\d$'),
  made_at timestamptz not null,
  content jsonb not null,
  -- when it was written down for those who get it
  sent_at timestamptz
);
