-- What was replaced before the letter was stored, and where: `email in body`. Never values; null: nothing was.
alter table letter_content add column redacted text[];
-- Of a deleted letter in which something was redacted: what is left of two messages may have the same hash, and their times tell them apart.
comment on column tombstone.timestamp_ms is 'of an erased letter, and of one in which something was redacted';
