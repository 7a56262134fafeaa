export { type InCommon, inCommon, type Verdict } from './in-common.ts'
export { type Common, falseAlarms, minDifference, minLetters } from './rank.ts'
export { type Against, type Asked, againsts, type InCommonOptions } from './samples-of.ts'
export { type Token, whats } from './token.ts'
