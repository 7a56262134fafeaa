import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { maxGroupRows, maxLetterBytes } from './limits.ts'
import { type ArchivePlace, type RandomReader, unreadable } from './place.ts'

/** Of what `shape.ts` and `parquet/write-table.ts` say. An archive of another number is not read. */
export const formatNumber = 1

const maxManifestBytes = 4 * 1024 * 1024

const closed = { additionalProperties: false } as const
const uuidForm = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const uuid = Type.String({ pattern: `^${uuidForm}$` })
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

const fileSchema = Type.Object(
  {
    name: Type.String({ maxLength: 120 }),
    bytes: count,
    sha256,
    rows: count,
    // In the order of the file, one behind the other.
    groups: Type.Array(
      Type.Object(
        {
          rows: Type.Integer({ minimum: 1, maximum: maxGroupRows }),
          offset: count,
          bytes: Type.Integer({ minimum: 1, maximum: 2 * maxLetterBytes }),
          sha256,
        },
        closed,
      ),
    ),
  },
  closed,
)

const manifestSchema = Type.Object(
  {
    format: Type.Literal(formatNumber),
    archive: uuid,
    madeAt: Type.String({ pattern: '^[+-]?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z$' }),
    madeBy: Type.String({ maxLength: 1_000 }),
    letters: count,
    versions: count,
    firstId: uuid,
    lastId: uuid,
    queues: Type.Array(Type.Object({ queue: Type.String(), letters: count }, closed)),
    contents: sha256,
    files: Type.Object({ letters: fileSchema, versions: Type.Union([fileSchema, Type.Null()]) }, closed),
  },
  closed,
)

/** What an archive says of itself. It is put last: without it an archive does not exist. */
export type Manifest = DeepReadonly<Static<typeof manifestSchema>>
export type ManifestFile = Manifest['files']['letters']

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

export const fileNames = (archive: string): { letters: string; versions: string; manifest: string } => ({
  letters: `a_${archive}.letters.parquet`,
  versions: `a_${archive}.versions.parquet`,
  manifest: `a_${archive}.manifest.json`,
})

/** The archive a manifest's name stands for; `null` for any other name. */
export function archiveOfManifest(name: string): string | null {
  return new RegExp(`^a_(${uuidForm})\\.manifest\\.json$`).exec(name)?.[1] ?? null
}

/** How an archive is known again. */
export interface Expected {
  /** Hex, of the manifest's bytes as they were put; another one is not read. Without it whoever can write into the place can replace archives. */
  readonly manifestSha256?: string
}

/** @param archive UUID @throws ARCHIVE_UNREADABLE */
export async function readManifest(place: ArchivePlace, archive: string, expected: Expected = {}): Promise<Manifest> {
  if (!Check(uuid, archive)) throw unreadable('the id of an archive is no UUID')
  const { manifest: name } = fileNames(archive)
  const reader = await place.open(name)
  try {
    const bytes = await bytesOf(reader, name)
    const { manifestSha256 } = expected
    if (manifestSha256 !== undefined && createHash('sha256').update(bytes).digest('hex') !== manifestSha256)
      throw unreadable(`${name} is not the manifest that the office wrote`)
    const manifest = parseManifest(bytes.toString('utf8'), name)
    const wrong = contradiction(manifest, archive)
    if (wrong !== null) throw unreadable(`${name} contradicts itself: ${wrong}`)
    return manifest
  } finally {
    await reader.close()
  }
}

async function bytesOf(reader: RandomReader, name: string): Promise<Buffer> {
  if (reader.byteLength > maxManifestBytes) throw unreadable(`${name} is too large for a manifest`)
  return Buffer.from(await reader.slice(0))
}

function parseManifest(text: string, name: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw unreadable(`${name} is cut or damaged: it is no JSON`)
  }
  if (Check(manifestSchema, value)) return value
  const { format } = (typeof value === 'object' && value !== null ? value : {}) as { readonly format?: unknown }
  if (typeof format === 'number' && format > formatNumber)
    throw unreadable(`${name} is of format ${format}, which a newer Redrive writes`, { hint: 'Upgrade Redrive.' })
  throw unreadable(`${name} is no manifest of an archive`)
}

/** Nothing that a manifest says is believed that would lead to other files or beyond them. */
function contradiction(manifest: Manifest, archive: string): string | null {
  const names = fileNames(archive)
  const { letters, versions } = manifest.files
  if (manifest.archive !== archive) return 'it is about another archive'
  if (letters.name !== names.letters || (versions !== null && versions.name !== names.versions))
    return 'it names a file that is not its own'
  if (letters.rows !== manifest.letters || (versions?.rows ?? 0) !== manifest.versions)
    return 'letters and versions are not as many as the rows of the files'
  if (manifest.letters === 0 || versions?.rows === 0) return 'there is nothing in it'
  for (const { name, bytes, rows, groups } of versions === null ? [letters] : [letters, versions]) {
    let end = 4 // "PAR1"
    for (const group of groups) {
      if (group.offset !== end) return `the groups of ${name} do not lie one behind the other`
      end += group.bytes
    }
    if (end > bytes) return `the groups of ${name} lead beyond its end`
    if (groups.reduce((sum, group) => sum + group.rows, 0) !== rows) return `the rows of ${name} do not add up`
  }
  return null
}
