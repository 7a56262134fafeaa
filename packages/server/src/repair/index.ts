export type { GivenBytes, GivenChange, GivenHeaderEdit } from './change.ts'
export type { PartDiff } from './diff-contents.ts'
export { editLetter, revertLetter } from './edit-letter.ts'
export { bodyOfVersion, diffVersions, listVersions, type VersionDiff, type VersionView } from './versions.ts'
