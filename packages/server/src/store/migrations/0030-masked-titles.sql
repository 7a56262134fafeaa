-- Headers whose values titles of a rule's causes do not show, and what stands in their place: what the masking says of the office that started last.
alter table cause_rule add column masked jsonb not null default '{}';
