import { RedriveError } from '@redrive/worker'

/** Where archive files lie. Names are flat: letters, digits, dot, dash, underscore; at most 120 of them. */
export interface ArchivePlace {
  /** For people: `/var/redrive/archive`, `s3://bucket/prefix`. Holds no secrets. */
  readonly description: string
  /**
   * Durable when it resolves: folder: file and folder are synced; S3: acknowledged, with the checksum of these bytes.
   * @throws ARCHIVE_UNWRITABLE also when the name is taken: nothing is ever overwritten
   */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** To be closed by whoever opens. @throws ARCHIVE_UNREADABLE when it is missing, no file, or cannot be reached */
  open(name: string): Promise<RandomReader>
  /** Nothing to remove is fine. What an interrupted `put` left of it goes too. @throws ARCHIVE_UNWRITABLE */
  remove(name: string): Promise<void>
  /** Whole files only, in no order. @throws ARCHIVE_UNREADABLE */
  list(): AsyncIterable<{ readonly name: string; readonly bytes: number }>
}

export interface RandomReader {
  readonly byteLength: number
  /** Just these bytes, fresh. @param to exclusive, default the end @throws ARCHIVE_UNREADABLE when they are not there (any more) */
  slice(from: number, to?: number): Promise<ArrayBuffer>
  close(): Promise<void>
}

const goodName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/

export const isArchiveFileName = (name: string): boolean => goodName.test(name)

/** Names come out of manifests, which anybody may have written. @throws ARCHIVE_UNREADABLE */
export function checkFileName(name: string): void {
  if (isArchiveFileName(name)) return
  throw unreadable(`${JSON.stringify(name.slice(0, 80))} is no name of a file of an archive`)
}

export function unreadable(
  message: string,
  options: { readonly cause?: unknown; readonly hint?: string } = {},
): RedriveError {
  return new RedriveError('ARCHIVE_UNREADABLE', message, {
    hint: 'Bring the file back from a copy, unchanged and under its own name; redrive archive verify says which archives are whole.',
    ...options,
  })
}

export function unwritable(
  message: string,
  options: { readonly cause?: unknown; readonly hint?: string } = {},
): RedriveError {
  return new RedriveError('ARCHIVE_UNWRITABLE', message, {
    hint: 'The letters are still in the office. redrive serve --check tries to write into the place.',
    ...options,
  })
}
