-- Its letters are sent in the transaction that notes their results: without results they were surely not sent.
alter table intent add column is_within boolean not null default false;
