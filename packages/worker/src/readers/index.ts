export * from './read-letter.ts'
export type { RawLetter, Reader, Reading } from './reader.ts'
export { readers } from './registry.ts'
