export { aloneInRetention } from './lock.ts'
export { beginPass, byPolicy, carryOutPass, mostUnasked, type Pass } from './pass.ts'
export { type Retention, watchRetention } from './watch-retention.ts'
