import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { type LedgerAccount, recordTransfers } from '../ledger/index.ts'
import type { Selection } from '../letters/index.ts'
import { showArchiveId } from '../store/ids.ts'
import type { ArchivedLetter } from './files/index.ts'

interface Asked {
  readonly selection: Selection
  readonly by: string
  readonly reason: string
}

/** @returns how many; those that somebody brought back meanwhile are left out */
export async function bringBack(
  client: PoolClient,
  {
    archive,
    letters,
    request,
  }: { readonly archive: string; readonly letters: readonly ArchivedLetter[]; readonly request: Asked },
): Promise<number> {
  if (letters.length === 0) return 0
  await client.query(`set local redrive.ends = 'on'`)
  const { rows } = await client.query<{ id: string; queue_id: number; was: LedgerAccount }>(
    `with back as (
       delete from archived_letter n using letter l where n.archive_id = $1 and n.letter_id = any($2::uuid[]) and l.id = n.letter_id and l.state = 'archived'
       returning n.letter_id, n.was
     )
     update letter set state = back.was, revision = revision + 1, changed_at = now() from back where letter.id = back.letter_id
     returning letter.id, letter.queue_id, back.was`,
    [archive, letters.map(({ id }) => id)],
  )
  const back = new Set(rows.map(({ id }) => id))
  const own = letters.filter(({ id }) => back.has(id))
  await putBytes(client, own)
  await recordTransfers(
    client,
    [...Map.groupBy(rows, ({ queue_id, was }) => `${queue_id} ${was}`).values()].map((moved) => ({
      queueId: moved[0]?.queue_id ?? 0,
      from: 'archived',
      to: moved[0]?.was ?? 'open',
      letters: moved.length,
      what: 'restore',
      reference: archive,
    })),
  )
  if (own.length > 0)
    await recordAudit(client, {
      actor: request.by,
      action: 'letters.restore',
      target: showArchiveId(archive),
      reason: request.reason,
      details: { selection: request.selection, restored: own.length },
    })
  return own.length
}

/** Only of letters that are those which were archived: their bodies have the hash that stayed here. */
async function putBytes(client: PoolClient, letters: readonly ArchivedLetter[]): Promise<void> {
  const { rowCount } = await client.query(
    `update letter_content c set body = n.body, headers = n.headers, properties = n.properties, stack = n.stack
       from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[]) as n (id, sha256, body, headers, properties, stack)
      where c.id = n.id and c.body_sha256 = n.sha256`,
    [
      letters.map(({ id }) => id),
      letters.map(({ bodySha256 }) => bodySha256),
      letters.map(({ body }) => body),
      letters.map(({ headers }) => headers),
      letters.map(({ properties }) => properties),
      letters.map(({ stack }) => stack),
    ],
  )
  if (rowCount !== letters.length)
    throw new RedriveError(
      'ARCHIVE_UNREADABLE',
      'A letter in the archive is not the one that was archived: it has another hash.',
      {
        hint: 'Nothing of it was restored. See what is wrong: redrive archive verify',
      },
    )
  const versions = letters.flatMap(({ id, versions: own }) => own.map((version) => ({ id, ...version })))
  if (versions.length === 0) return
  await client.query(
    `update letter_version v set body = n.body, headers = n.headers
       from unnest($1::uuid[], $2::int[], $3::bytea[], $4::bytea[], $5::bytea[]) as n (id, version, sha256, body, headers)
      where v.letter_id = n.id and v.version = n.version and v.content_sha256 = n.sha256`,
    [
      versions.map(({ id }) => id),
      versions.map(({ version }) => version),
      versions.map(({ contentSha256 }) => contentSha256),
      versions.map(({ body }) => body),
      versions.map(({ headers }) => headers),
    ],
  )
}
