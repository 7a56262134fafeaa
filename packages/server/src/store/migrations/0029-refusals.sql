alter table notifier
  -- notices refused in a row: since it took one, or since ever
  add column refused int not null default 0;
