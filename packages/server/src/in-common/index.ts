export { type Asked, type InCommon, type InCommonOptions, inCommon, type Verdict } from './in-common.ts'
export { type Common, falseAlarms, minDifference, minLetters } from './rank.ts'
export { type Token, whats } from './token.ts'
