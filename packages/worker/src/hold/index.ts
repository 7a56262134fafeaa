export type { HoldOptions } from './hold-options.ts'
export * from './hold-store.ts'
export { memoryHold } from './stores/memory.ts'
