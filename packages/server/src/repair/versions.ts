import { RedriveError } from '@redrive/worker'
import { parseLetterId, showLetterId, showTransformId } from '../store/ids.ts'
import { contentHash, contentOfVersion, type VersionContent } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import { diffContents, type PartDiff } from './diff-contents.ts'
import { noVersion } from './edit-letter.ts'

export interface VersionView {
  /** 0: as it was captured. */
  readonly version: number
  /** The one that is sent. */
  readonly isCurrent: boolean
  readonly parent: number | null
  readonly author: string | null
  readonly reason: string | null
  readonly createdAt: string
  readonly edit: unknown
  readonly transform: string | null
  readonly bodySha256: string
  /** Over key, body and headers. */
  readonly contentSha256: string
  readonly bytes: number
}

const maxVersions = 200

/** Newest first, at most 200 and the original. @throws NOT_FOUND, STATE_CONFLICT (it is archived) */
export async function listVersions(store: Store, letter: string): Promise<readonly VersionView[]> {
  const id = parseLetterId(letter)
  await refuseArchived(store, id)
  const original = await originalOf(store, id)
  if (original === undefined) throw noLetter(letter)
  const { rows } = await store.pool.query<Row>(
    `select version, parent, author, reason, created_at, edit, transform_id, encode(body_sha256, 'hex') as body_sha256,
       encode(content_sha256, 'hex') as content_sha256, bytes
     from letter_version where letter_id = $1 order by version desc limit ${maxVersions}`,
    [id],
  )
  const { current, ...first } = original
  return [...rows, first].map((row) => ({
    version: row.version,
    isCurrent: row.version === current,
    parent: row.parent,
    author: row.author,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    edit: row.edit,
    transform: row.transform_id === null ? null : showTransformId(row.transform_id),
    bodySha256: row.body_sha256,
    contentSha256: row.content_sha256,
    bytes: row.bytes,
  }))
}

/** What is left of an archived letter here has other hashes, and differs from all that it was. */
async function refuseArchived(store: Store, id: string): Promise<void> {
  const { rowCount } = await store.pool.query(`select from letter where id = $1 and state = 'archived'`, [id])
  if (rowCount === 0) return
  throw new RedriveError('STATE_CONFLICT', 'The letter is archived, and its versions with it.', {
    hint: `Bring it back first: redrive archive restore letter:${showLetterId(id)} --reason …`,
  })
}

export interface VersionDiff {
  readonly letter: string
  readonly from: number
  readonly to: number
  readonly parts: readonly PartDiff[]
}

/**
 * What differs between two versions of a letter.
 * @param between `to` is the one that counts when it is left out, `from` the original; `shown` says what is laid out of each
 * @throws NOT_FOUND, STATE_CONFLICT (it is archived)
 */
export async function diffVersions(
  store: Store,
  letter: string,
  between: {
    readonly from?: number
    readonly to?: number
    readonly shown?: (content: VersionContent, queue: string) => VersionContent
  },
): Promise<VersionDiff> {
  const id = parseLetterId(letter)
  await refuseArchived(store, id)
  const { rows } = await store.pool.query<{ version: number; queue: string }>(
    'select l.version, q.name as queue from letter l join queue q on q.id = l.queue_id where l.id = $1',
    [id],
  )
  if (rows[0] === undefined) throw noLetter(letter)
  const { queue } = rows[0]
  const { shown = (content) => content } = between
  const [from, to] = [between.from ?? 0, between.to ?? rows[0].version]
  const [a, b] = await Promise.all([contentOfVersion(store.pool, id, from), contentOfVersion(store.pool, id, to)])
  if (a === undefined) throw noVersion(letter, from)
  if (b === undefined) throw noVersion(letter, to)
  return { letter: showLetterId(id), from, to, parts: diffContents(shown(a, queue), shown(b, queue)) }
}

/** @throws NOT_FOUND */
export async function queueOfLetter(store: Store, letter: string): Promise<string> {
  const { rows } = await store.pool.query<{ queue: string }>(
    'select q.name as queue from letter l join queue q on q.id = l.queue_id where l.id = $1',
    [parseLetterId(letter)],
  )
  if (rows[0] === undefined) throw noLetter(letter)
  return rows[0].queue
}

/** @param version the one that counts when it is left out @throws NOT_FOUND */
export async function bodyOfVersion(store: Store, letter: string, version?: number): Promise<Buffer | null> {
  const id = parseLetterId(letter)
  const { rows } = await store.pool.query<{ version: number }>('select version from letter where id = $1', [id])
  if (rows[0] === undefined) throw noLetter(letter)
  const content = await contentOfVersion(store.pool, id, version ?? rows[0].version)
  if (content === undefined) throw noVersion(letter, version ?? rows[0].version)
  return content.body
}

interface Row {
  readonly version: number
  readonly parent: number | null
  readonly author: string | null
  readonly reason: string | null
  readonly created_at: Date
  readonly edit: unknown
  readonly transform_id: string | null
  readonly body_sha256: string
  readonly content_sha256: string
  readonly bytes: number
}

async function originalOf(store: Store, id: string): Promise<(Row & { readonly current: number }) | undefined> {
  const { rows } = await store.pool.query<
    VersionContent & { body_sha256: string; bytes: number; current: number; at: Date }
  >(
    `select c.key, c.body, c.headers, encode(c.body_sha256, 'hex') as body_sha256, c.bytes, l.version as current,
       uuid_extract_timestamp(l.id) as at
     from letter l join letter_content c on c.id = l.id where l.id = $1 and c.id = $1`,
    [id],
  )
  const [row] = rows
  if (row === undefined) return undefined
  const { current, at, bytes, body_sha256 } = row
  const none = { parent: null, author: null, reason: null, edit: null, transform_id: null }
  return {
    ...none,
    version: 0,
    created_at: at,
    body_sha256,
    content_sha256: contentHash(row).toString('hex'),
    bytes,
    current,
  }
}

const noLetter = (letter: string): RedriveError =>
  new RedriveError('NOT_FOUND', `There is no letter ${letter}.`, {
    hint: 'List letters with: redrive letters state:any',
  })
