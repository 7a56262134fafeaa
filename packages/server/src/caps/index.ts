export { type CapKeeper, createCapKeeper } from './keep-caps.ts'
export { type Fullness, goesOnBelow, isFull, lookAtFull, type QueueAtCap } from './look-at-full.ts'
export { type CapsByQueue, readCaps } from './read-caps.ts'
export { fillText, sizeText } from './said.ts'
