-- How many letters of a cause are in which state, without counting them. Captured letters are open and counted in cause.letters; what
-- changes afterwards is written here as rows to be added up: nothing is updated, so nobody waits.
create table cause_change (
  cause_id bigint not null,
  state letter_state not null,
  letters bigint not null
);
create index cause_change_of_cause on cause_change (cause_id) include (state, letters);

-- Whichever statement changes letters: their causes' counts and the outstanding ones follow. Its plans are kept for a session whatever the
-- number of letters, so only those are allowed that are right for few.
create function letter_changes_are_followed() returns trigger language plpgsql
  set enable_hashjoin to off set enable_mergejoin to off set enable_seqscan to off as $$
declare
  moved record;
begin
  insert into cause_change (cause_id, state, letters)
  select cause_id, state, sum(letters)
    from (select cause_id, state, -1 as letters from gone union all select cause_id, state, 1 from come) as moved
   group by 1, 2 having sum(letters) <> 0;
  if exists (select from gone where state in ('open', 'held', 'uncertain')) then
    -- As one list for each queue: one walk through the index instead of one for each letter.
    for moved in select queue_id, array_agg(id) as ids from come where state not in ('open', 'held', 'uncertain') group by 1 loop
      delete from outstanding where queue_id = moved.queue_id and letter_id = any (moved.ids);
    end loop;
  end if;
  insert into outstanding (queue_id, cause_id, letter_id, state)
  select queue_id, cause_id, id, state from come where state in ('open', 'held', 'uncertain')
  on conflict (queue_id, letter_id) do update set state = excluded.state, cause_id = excluded.cause_id
    where (outstanding.state, outstanding.cause_id) <> (excluded.state, excluded.cause_id);
  return null;
end $$;
create trigger letter_changes_are_followed after update on letter
  referencing old table as gone new table as come for each statement execute function letter_changes_are_followed();
