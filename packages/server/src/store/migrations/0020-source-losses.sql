-- What a broker removed before capture came to it: positions of a partition, from where capture stood to where it went on.
create table source_loss (
  source_id int not null references source,
  partition text not null,
  from_position bigint not null,
  to_position bigint not null check (to_position > from_position),
  noticed_at timestamptz not null default now(),
  primary key (source_id, partition, from_position)
);
