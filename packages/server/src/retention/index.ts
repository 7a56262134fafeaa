export { beginPass, byPolicy, mostUnasked, type Pass } from './begin-pass.ts'
export type { Held } from './count-due.ts'
export { keepRoom } from './keep-room.ts'
export { aloneInRetention } from './lock.ts'
export { crowdedQueues, makeRoom, makesRoomFrom } from './make-room.ts'
export { partsOfEnding } from './parts-of-ending.ts'
export { carryOutPass, passOnce } from './pass.ts'
export { policiesOfQueue, readPolicies, type SaidPolicy } from './policies.ts'
export { monthNamed } from './reclaim/debt.ts'
export { rewritePartition } from './reclaim/rewrite-partition.ts'
export {
  type Ending,
  type Forecast,
  forecast,
  type PassView,
  type RetentionView,
  showPass,
  showRetention,
} from './show-retention.ts'
export { type Retention, watchRetention } from './watch-retention.ts'
