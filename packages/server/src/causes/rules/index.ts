export type { LetterToPlace } from './letter-to-place.ts'
export type { Founding } from './rule.ts'
export { createRuleKeeper, type RuleKeeper } from './rule-keeper.ts'
