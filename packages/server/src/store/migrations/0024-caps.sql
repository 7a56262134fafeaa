-- Caps: how much a queue keeps, counted as it changes, so that capture can tell before it takes more.

-- As they were captured: key, body and headers. In the narrow row, so that nobody has to read contents to add them up.
alter table letter add column bytes int not null default 0;
alter table letter disable trigger user;
update letter l set bytes = c.bytes from letter_content c where c.id = l.id;
alter table letter enable trigger user;

-- Letters of a queue that are here, archived and erased ones not. Capture adds to it as its last write; what leaves or comes back is taken from it by
-- the triggers below. Rewritten with each batch: most of each page is free for the next form of its rows.
create table queue_kept (
  queue_id int primary key references queue,
  letters bigint not null,
  bytes bigint not null,
  -- since when its sources wait
  full_since timestamptz
) with (fillfactor = 20);
insert into queue_kept (queue_id, letters, bytes)
select queue_id, count(*), sum(bytes) from letter where state not in ('archived', 'erased') group by 1;

-- Which queues a source's letters are of: those wait together.
create table source_queue (
  source_id int not null references source,
  queue_id int not null references queue,
  primary key (source_id, queue_id)
);
create index source_queue_of_queue on source_queue (queue_id);
insert into source_queue (source_id, queue_id) select distinct source_id, queue_id from letter;

-- Rows are locked in their order, so that two that change many do not wait for each other.
create function kept_letters_change(ids int[], letters_by bigint[], bytes_by bigint[]) returns void language sql as $$
  select from queue_kept where queue_id = any(ids) order by queue_id for update;
  update queue_kept k set letters = k.letters + c.letters, bytes = k.bytes + c.bytes
    from unnest(ids, letters_by, bytes_by) as c (queue_id, letters, bytes) where k.queue_id = c.queue_id;
$$;

create function kept_letters_are_counted() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    -- Nearly all changes of state leave a letter where it is.
    if not exists (select from gone where state in ('archived', 'erased')) and not exists (select from come where state in ('archived', 'erased')) then
      return null;
    end if;
    perform kept_letters_change(array_agg(queue_id), array_agg(letters), array_agg(bytes)) from (
      select queue_id, sum(letters)::bigint as letters, sum(bytes)::bigint as bytes from (
        select queue_id, 1 as letters, bytes::bigint from come where state not in ('archived', 'erased')
        union all select queue_id, -1, -bytes::bigint from gone where state not in ('archived', 'erased')) each
       group by 1 having sum(letters) <> 0 or sum(bytes) <> 0) c having count(*) > 0;
  else
    perform kept_letters_change(array_agg(queue_id), array_agg(letters), array_agg(bytes)) from (
      select queue_id, -count(*) as letters, -sum(bytes)::bigint as bytes from gone where state not in ('archived', 'erased') group by 1) c
      having count(*) > 0;
  end if;
  return null;
end $$;
create trigger kept_letters_are_counted after update on letter
  referencing old table as gone new table as come for each statement execute function kept_letters_are_counted();
create trigger deleted_letters_are_counted after delete on letter
  referencing old table as gone for each statement execute function kept_letters_are_counted();

-- The cap of a queue that it was for; null: letters whose time was over.
alter table retention_pass add column queue_id int references queue;
