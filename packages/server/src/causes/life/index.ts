export { acknowledgeCause, assignCause, fixCause, lookAtCause, ownCause, reopenCause, snoozeCause } from './actions.ts'
export type { CauseRequest } from './change.ts'
export { compareReleases } from './compare-releases.ts'
export { type Followed, followCauses } from './follow.ts'
export { type CauseEvent, causeHistory, type HistoryPage } from './history.ts'
export { commentOnCause, type LinkKind, linkCause, unlinkCause } from './links.ts'
export {
  type CauseLife,
  type CauseLink,
  type Ownership,
  ownershipOf,
  readLife,
  showLife,
  type Waits,
} from './show-life.ts'
export { type CauseAction, type CauseState, causeActions, causeStates } from './transitions.ts'
export { watchCauses } from './watch-causes.ts'
