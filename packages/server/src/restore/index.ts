export { doubtAfterRestore } from './doubt-after-restore.ts'
export { watchGeneration } from './watch-generation.ts'
