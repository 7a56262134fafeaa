-- What the office writes for itself, kept small.

-- The books added up to an entry, so that they are read without reading all entries: those stay, and this can be made again from them at any time.
create table ledger_sum (
  queue_id int not null references queue,
  account text not null,
  letters bigint not null,
  primary key (queue_id, account)
);
create table ledger_summed (
  is_only boolean primary key default true check (is_only),
  -- the id of the last entry that is in the sums
  through bigint not null
);
insert into ledger_summed (through) values (0);

-- What each account of a queue holds, by the books.
create view book as
select queue_id, account, sum(letters) as letters
  from (
    select queue_id, account, letters from ledger_sum
    union all
    select queue_id, account, letters from ledger_entry where id > (select through from ledger_summed)
  ) as entry
 group by 1, 2;

-- Entries come in the order of their time, near enough that a look for those of a week reads little else.
create index ledger_entry_at on ledger_entry using brin (at);

-- Receipts come in the order of their time, near enough that a look for old ones reads little.
create index receipt_received on receipt using brin (received_at);

-- Letters of a discard that nobody carried out ended nothing, and go with it.
create or replace function tombstones_are_immutable() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('redrive.erases', true) = 'on' then return null; end if;
  if tg_op = 'DELETE' then
    if not exists (select from gone join discard d on d.id = gone.discard_id where d.state <> 'planned') then return null; end if;
  end if;
  raise exception 'what was discarded is not rewritten' using errcode = 'check_violation';
end $$;
drop trigger discard_letter_append_only on discard_letter;
create trigger discard_letter_append_only after update on discard_letter
  referencing old table as gone for each statement execute function tombstones_are_immutable();
create trigger discard_letter_not_deleted after delete on discard_letter
  referencing old table as gone for each statement execute function tombstones_are_immutable();
