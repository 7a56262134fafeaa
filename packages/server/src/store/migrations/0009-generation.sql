-- Counts on while letters are acted on. The office keeps what it last saw outside of the database: one that is behind was restored.
create table generation (
  is_only boolean primary key default true check (is_only),
  number bigint not null default 0,
  raised_at timestamptz not null default now()
);
insert into generation default values;
