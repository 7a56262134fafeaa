import { createHash } from 'node:crypto'
import type pg from 'pg'
import { CopyRows, sendRows } from './copy-binary.ts'
import { uuidBytes } from './uuid.ts'

/** What an edit may change of a letter. `headers` in the encoding of `header-list.ts`. */
export interface VersionContent {
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly headers: Buffer
}

export interface NewVersion extends VersionContent {
  /** UUID. */
  readonly letterId: string
  /** From 1, one more than the greatest of this letter. */
  readonly version: number
  /** What it was made of; 0 is the letter as it was captured. */
  readonly parent: number
  readonly author: string
  readonly reason: string
  readonly bytes: number
  readonly edit: unknown
  /** UUID. */
  readonly transformId: string | null
}

/**
 * SQL for the content that counts now: the letter's own, or that of the version which `version` names. Needs `letter_content c` beside it.
 * @param of columns of whatever is joined, like `{ letterId: 'l.id', version: 'l.version' }`
 */
export function currentContent(of: { readonly letterId: string; readonly version: string }): {
  /** To be put behind the join of `letter_content c`. */
  readonly join: string
  /** False when bytes are gone: then nothing may be sent, least of all the original. */
  readonly isThere: string
  readonly key: string
  readonly body: string
  readonly bodySha256: string
  readonly headers: string
  readonly bytes: string
} {
  const either = (column: string): string => `(case when ${of.version} = 0 then c.${column} else v.${column} end)`
  return {
    // Looked up letter by letter: versions are few beside letters, until somebody edits a million of them.
    join: `left join lateral (
      select * from letter_version where ${of.version} > 0 and letter_id = ${of.letterId} and version = ${of.version} limit 1) v on true`,
    isThere: `(c.id is not null and (${of.version} = 0 or v.version is not null))`,
    key: either('key'),
    body: either('body'),
    bodySha256: either('body_sha256'),
    headers: either('headers'),
    bytes: either('bytes'),
  }
}

/** SHA-256 over key, body and headers, each as a byte (0 null, 1 there), its length in four bytes and its bytes. */
export function contentHash({ key, body, headers }: VersionContent): Buffer {
  const hash = createHash('sha256')
  for (const part of [key, body, headers]) {
    const head = Buffer.alloc(5)
    head[0] = part === null ? 0 : 1
    head.writeUInt32BE(part?.length ?? 0, 1)
    hash.update(head).update(part ?? empty)
  }
  return hash.digest()
}

export const bodyHash = (body: Buffer | null): Buffer =>
  createHash('sha256')
    .update(body ?? empty)
    .digest()

const empty = Buffer.alloc(0)

const columns = [
  'letter_id', 'version', 'parent', 'author', 'reason', 'key', 'body', 'body_sha256', 'headers', 'content_sha256', 'bytes', 'edit',
  'transform_id',
] as const // biome-ignore format: the columns read better in lines

export async function insertVersions(client: pg.PoolClient, versions: readonly NewVersion[]): Promise<void> {
  if (versions.length === 0) return
  const rows = new CopyRows()
  for (const version of versions) {
    rows.row(columns.length)
    rows.uuid(uuidBytes(version.letterId))
    rows.int4(version.version)
    rows.int4(version.parent)
    rows.text(version.author)
    rows.text(version.reason)
    rows.bytes(version.key)
    rows.bytes(version.body)
    rows.bytes(bodyHash(version.body))
    rows.bytes(version.headers)
    rows.bytes(contentHash(version))
    rows.int4(version.bytes)
    rows.jsonb(version.edit)
    rows.uuid(version.transformId === null ? null : uuidBytes(version.transformId))
  }
  await sendRows(client, [{ rows, table: 'letter_version', columns }])
}

/** For each letter the number that its next version has; letters must be locked. */
export async function nextVersions(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ id: string; next: number }>(
    `select id, coalesce((select max(version) from letter_version where letter_id = id), 0) + 1 as next from unnest($1::uuid[]) as letter(id)`,
    [ids],
  )
  return new Map(rows.map(({ id, next }) => [id, next]))
}

/** Makes these versions the ones that count. Plans made before are stale from then on. Letters must be locked. */
export async function setVersions(
  client: pg.PoolClient,
  versions: readonly { readonly letterId: string; readonly version: number }[],
): Promise<void> {
  if (versions.length === 0) return
  await client.query(
    `update letter l set version = n.version, revision = l.revision + 1, changed_at = now()
     from unnest($1::uuid[], $2::int[]) as n(id, version) where l.id = n.id`,
    [versions.map(({ letterId }) => letterId), versions.map(({ version }) => version)],
  )
}

/** Of one version, 0 for the original; `undefined` when there is no such version or its bytes are gone. */
export async function contentOfVersion(
  client: pg.Pool | pg.PoolClient,
  letterId: string,
  version: number,
): Promise<VersionContent | undefined> {
  const { rows } = await client.query<VersionContent>(
    version === 0
      ? 'select key, body, headers from letter_content where id = $1'
      : 'select key, body, headers from letter_version where letter_id = $1 and version = $2',
    version === 0 ? [letterId] : [letterId, version],
  )
  return rows[0]
}
