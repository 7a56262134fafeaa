export { applyTransform } from './apply-transform.ts'
export type { GivenBytes, GivenChange, GivenHeaderEdit } from './change.ts'
export { createTransform, type TransformRequest } from './create-transform.ts'
export type { PartDiff } from './diff-contents.ts'
export { editLetter, revertLetter } from './edit-letter.ts'
export { endOldTransforms } from './end-old-transforms.ts'
export { listTransformLetters, type TransformPart } from './list-transform-letters.ts'
export { previewTransform } from './preview-transform.ts'
export { type Reverted, revertTransform } from './revert-transform.ts'
export { listTransforms, showTransform, type TransformView } from './show-transform.ts'
export {
  bodyOfVersion,
  diffVersions,
  listVersions,
  queueOfLetter,
  type VersionDiff,
  type VersionView,
} from './versions.ts'
