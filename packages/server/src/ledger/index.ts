export { addUpBooks } from './add-up-books.ts'
export { checkLedger, type LedgerReport, type QueueBalance, type SourceBalance } from './check-ledger.ts'
export { type LedgerAccount, recordTransfer, recordTransfers, type Transfer } from './record-transfer.ts'
