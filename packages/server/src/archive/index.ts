export { placeOf, readArchived } from './archived-bytes.ts'
export {
  type ArchivedLetter,
  type ArchivedVersion,
  type ArchivePlace,
  openArchivePlace,
  tryPlace,
} from './files/index.ts'
export { type ArchiveView, listArchives } from './list-archives.ts'
export { readWholeLetters, type WholeLetter } from './read-whole-letters.ts'
export { removeUnneeded } from './remove-archives.ts'
export { type Restored, type RestoreRequest, restoreLetters } from './restore-letters.ts'
export { archivedBody, withArchivedBytes } from './show-archived.ts'
export { type Verdict, verifyAll, verifyNext, verifyStored } from './verify-archives.ts'
export { idsIn, writeAnew } from './write-anew.ts'
export { changedMeanwhile, writeArchive } from './write-archive.ts'
