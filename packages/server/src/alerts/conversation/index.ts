export { type Conversation, converse } from './converse.ts'
export { acknowledged } from './follow.ts'
export type { Conversed, Saying } from './saying.ts'
