export { addUpChanges } from './add-up-changes.ts'
export { type Assignment, type CauseAssigner, causeIdOf, createCauseAssigner } from './assign-cause.ts'
export * from './life/index.ts'
export {
  type CausePage,
  type CauseSummary,
  type ListCausesOptions,
  listCauses,
} from './list-causes.ts'
export { queueOwner } from './queue-owner.ts'
export * from './rules/index.ts'
export { type CauseDetails, type FacetValue, showCause } from './show-cause.ts'
