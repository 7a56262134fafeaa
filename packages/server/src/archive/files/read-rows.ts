import { createHash } from 'node:crypto'
import { type Cell, cellBytes, fromCell } from './cells.ts'
import { maxLetterBytes } from './limits.ts'
import type { ManifestFile } from './manifest.ts'
import { readGroup } from './parquet/read-group.ts'
import { type ArchivePlace, type RandomReader, unreadable } from './place.ts'
import type { Column, LetterRow, VersionRow } from './shape.ts'

/** What is beside the values of the largest letter in a group: 8 MiB of others, lengths, levels. */
const groupOverheadBytes = 16 * 1024 * 1024

export interface Row<T> {
  readonly value: T
  readonly bytes: number
}

/** One file of an archive, read a group at a time. */
export interface RowFile<T> {
  readonly file: ManifestFile
  readonly reader: RandomReader
  /** @param at from 0 @throws ARCHIVE_UNREADABLE when its bytes are not those of the manifest, or no rows */
  group(at: number): Promise<readonly Row<T>[]>
  /** One of a group. @throws ARCHIVE_UNREADABLE as `group` */
  row(at: number, within: number): Promise<Row<T>>
}

/** To be closed by closing its `reader`. @throws ARCHIVE_UNREADABLE */
export async function openRows<T extends LetterRow | VersionRow>(
  place: ArchivePlace,
  file: ManifestFile,
  columns: readonly Column[],
): Promise<RowFile<T>> {
  const reader = await place.open(file.name)
  if (reader.byteLength !== file.bytes) {
    await reader.close()
    throw unreadable(`${file.name} has ${reader.byteLength} bytes, not ${file.bytes}: it is cut or was altered`)
  }
  const where = (at: number): string => `${file.name}, group ${at}`
  const cellsOf = async (at: number): Promise<readonly (readonly Cell[])[]> => {
    const group = file.groups[at]
    if (group === undefined) throw unreadable(`${file.name} has no group ${at}`)
    const bytes = Buffer.from(await reader.slice(group.offset, group.offset + group.bytes))
    if (createHash('sha256').update(bytes).digest('hex') !== group.sha256)
      throw unreadable(`${file.name} was altered: the bytes of group ${at} do not have the hash of the manifest`)
    const limits = { rows: group.rows, maxBytes: maxLetterBytes + groupOverheadBytes }
    return decoded(where(at), () => readGroup(columns, bytes, limits))
  }
  const rowOf = (cells: readonly Cell[]): Row<T> => ({
    value: valueOf(columns, cells) as T,
    bytes: cells.reduce((sum: number, cell) => sum + cellBytes(cell), 0),
  })
  return {
    file,
    reader,
    async group(at) {
      const group = await cellsOf(at)
      return decoded(where(at), () => group.map(rowOf))
    },
    async row(at, within) {
      const cells = (await cellsOf(at))[within]
      if (cells === undefined) throw unreadable(`${where(at)} has no row ${within}`)
      return decoded(where(at), () => rowOf(cells))
    },
  }
}

function valueOf(columns: readonly Column[], cells: readonly Cell[]): unknown {
  return Object.fromEntries(columns.map((column, at) => [column.field, fromCell(column, cells[at] ?? null)]))
}

/** Damage is found as a RangeError wherever bytes are decoded. */
function decoded<T>(where: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw unreadable(`${where} cannot be read: ${cause.message}`, { cause })
  }
}
