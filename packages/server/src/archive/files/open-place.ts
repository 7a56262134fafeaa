import type { ArchiveConfig } from '../../config/index.ts'
import { folderPlace } from './folder-place.ts'
import type { ArchivePlace } from './place.ts'
import { s3Place } from './s3-place.ts'

/** Opens nothing yet: whether the place answers is seen when it is used. */
export function openArchivePlace(config: ArchiveConfig): ArchivePlace {
  if ('folder' in config) return folderPlace(config.folder)
  return s3Place(config.s3)
}
