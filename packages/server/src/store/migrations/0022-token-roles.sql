-- What a token may do: an operator everything, a viewer only look, and at masked values.
alter table token add column role text not null default 'operator' check (role in ('operator', 'viewer'));
