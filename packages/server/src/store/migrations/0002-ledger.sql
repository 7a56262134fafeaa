-- Double entry: letters move between accounts; what one gains another loses, in the transaction that changes their state.
-- Accounts: 'source' (outside, negative), the states of a letter, 'tombstone'.
create table ledger_entry (
  id bigint generated always as identity primary key,
  transfer uuid not null,
  at timestamptz not null default now(),
  queue_id int not null references queue,
  account text not null check (account in
    ('source', 'open', 'held', 'replaying', 'uncertain', 'replayed', 'discarded', 'archived', 'erased', 'tombstone')),
  letters bigint not null check (letters <> 0),
  what text not null,
  reference text
);
create index ledger_entry_transfer on ledger_entry (transfer);
create index ledger_entry_queue on ledger_entry (queue_id, account);

create function ledger_transfer_balances() returns trigger language plpgsql as $$
begin
  if (select sum(letters) from ledger_entry where transfer = new.transfer) <> 0 then
    raise exception 'ledger transfer % does not balance', new.transfer using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger ledger_entry_balances after insert on ledger_entry
  deferrable initially deferred for each row execute function ledger_transfer_balances();

create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append only' using errcode = 'check_violation';
end $$;
create trigger ledger_entry_append_only before update or delete on ledger_entry
  for each statement execute function ledger_is_append_only();

-- What people did, with a name and a reason. Append only as well.
create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  target text not null,
  reason text,
  details jsonb not null default '{}'
);
create trigger audit_append_only before update or delete on audit
  for each statement execute function ledger_is_append_only();

create table token (
  id int generated always as identity primary key,
  name text not null unique,
  sha256 bytea not null unique,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
