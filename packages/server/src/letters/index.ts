export { lockForBulk } from './bulk-lock.ts'
export {
  discardLetters,
  endOldDiscards,
  listDiscards,
  planDiscard,
  runDiscard,
  showDiscard,
  undoDays,
  undoDiscard,
} from './discards/index.ts'
export { type Bytes, type LetterDetail, type ReplayOfLetter, shownBytes, shownBytesOf } from './letter-detail.ts'
export { type LetterSet, letterSet } from './letter-set.ts'
export { type LetterPage, type LetterSummary, listLetters } from './list.ts'
export { parseQuery, type Query, queryFields } from './query.ts'
export { type EverySelection, resolveEvery, resolveSelection, type Selected, type Selection } from './selection.ts'
export { showLetter } from './show.ts'
