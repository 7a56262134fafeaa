-- The ledger and the audit trail refuse truncate as well as update and delete.
create trigger ledger_entry_not_truncated before truncate on ledger_entry
  for each statement execute function ledger_is_append_only();
create trigger audit_not_truncated before truncate on audit
  for each statement execute function ledger_is_append_only();
