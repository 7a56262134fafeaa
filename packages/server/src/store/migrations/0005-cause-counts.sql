-- How many letters of a cause are in which state, without counting them. Captured letters are open and counted in cause.letters; what
-- changes afterwards is written here, by whichever statement it was, as rows to be added up: nothing is updated, so nobody waits.
create table cause_change (
  cause_id bigint not null,
  state letter_state not null,
  letters bigint not null
);
create index cause_change_of_cause on cause_change (cause_id) include (state, letters);

create function letter_changes_are_counted() returns trigger language plpgsql as $$
begin
  insert into cause_change (cause_id, state, letters)
  select cause_id, state, sum(letters)
    from (select cause_id, state, -1 as letters from gone union all select cause_id, state, 1 from come) as moved
   group by 1, 2 having sum(letters) <> 0;
  return null;
end $$;
create trigger letter_changes_are_counted after update on letter
  referencing old table as gone new table as come for each statement execute function letter_changes_are_counted();
