export { type Conversation, type Conversed, converse, type Saying } from './converse.ts'
export { acknowledged } from './follow.ts'
