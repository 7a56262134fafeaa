-- What is needed to find out, later and by somebody else, whether a send arrived.
alter table intent
  -- place number → how far that place reached before the first byte, where its broker can be looked back into
  add column ends jsonb,
  -- the advisory lock its sender holds for as long as it may still send
  add column sender bigint,
  -- its sender is gone without having noted results, or was last known to be there
  add column left_at timestamptz,
  -- when it is looked for the next time
  add column look_at timestamptz,
  add column looks int not null default 0,
  -- why its uncertain letters still are, by the last look
  add column looked text;
create index intent_to_look on intent (look_at) where look_at is not null;
create index outstanding_uncertain on outstanding (letter_id) where state = 'uncertain';

-- What becomes of uncertain letters about which nothing more can be known.
alter table queue add column uncertain text not null default 'hold' check (uncertain in ('hold', 'resend-marked'));

-- Letters that may have arrived already and may be sent again all the same: their replays say so to the consumer.
create table possible_duplicate (
  letter_id uuid primary key,
  decided_by text not null,
  at timestamptz not null default now()
);
