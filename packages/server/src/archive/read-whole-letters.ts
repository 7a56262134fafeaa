import type { Pool, PoolClient } from 'pg'
import { showCauseId } from '../store/ids.ts'
import { bodyHash, contentHash } from '../store/letter-versions.ts'
import type { ArchivedLetter, ArchivedState, ArchivedVersion } from './files/index.ts'

/** A letter with everything of it, and the revision it had when it was read. */
export interface WholeLetter {
  readonly letter: ArchivedLetter
  readonly revision: number
  /** Its bytes are not those that were captured; `null`: they are. */
  readonly damage: string | null
}

/** In the order of ids. @param ids UUIDs; those that are not there are left out */
export async function readWholeLetters(
  client: Pool | PoolClient,
  ids: readonly string[],
): Promise<readonly WholeLetter[]> {
  const { rows } = await client.query<LetterColumns>(
    `select l.id, l.revision, q.name as queue, s.broker as "sourceBroker", s.place as "sourcePlace", l.identity, l.cause_id::text as cause, ca.title, ca.tier::text,
       l.state::text, l.changed_at as "changedAt", l.version, c.key, c.body, c.body_sha256 as "bodySha256", c.headers, c.properties,
       c.timestamp_ms as "timestampMs", c.partition, c.position, c.bytes, c.origin_system as "originSystem", c.origin_place as "originPlace",
       c.origin_partition as "originPartition", c.origin_position as "originPosition", c.origin_route::text as "originRoute", c.consumer,
       c.error_class as "errorClass", c.message, c.stack, c.reason, c.attempts, c.first_failed_at as "firstFailedAt", c.last_failed_at as "lastFailedAt",
       c.service, c.release, c.host, c.traceparent, c.wire_id as "wireId", c.replay_id as "replayId", c.hops, c.readers,
       c.failure_headers as "failureHeaders", c.confidence::text
     from letter l join letter_content c on c.id = l.id join queue q on q.id = l.queue_id join source s on s.id = l.source_id
     join cause ca on ca.id = l.cause_id where l.id = any($1::uuid[]) and c.id = any($1::uuid[]) order by l.id`,
    [ids],
  )
  const edited = rows.filter(({ version }) => version > 0).map(({ id }) => id)
  const versions = await readVersions(client, edited)
  return rows.map(({ revision, cause, state, timestampMs, position, ...row }) => {
    const letter: ArchivedLetter = {
      ...row,
      cause: showCauseId(cause),
      state: state as ArchivedState,
      timestampMs: timestampMs === null ? null : BigInt(timestampMs),
      position: position === null ? null : BigInt(position),
      versions: versions.get(row.id) ?? [],
    }
    return { letter, revision, damage: damageOf(letter) }
  })
}

type LetterColumns = Omit<ArchivedLetter, 'versions' | 'timestampMs' | 'position' | 'state'> & {
  readonly revision: number
  readonly state: string
  readonly timestampMs: string | null
  readonly position: string | null
}

async function readVersions(
  client: Pool | PoolClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly ArchivedVersion[]>> {
  if (ids.length === 0) return new Map()
  const { rows } = await client.query<ArchivedVersion & { readonly letterId: string }>(
    `select letter_id as "letterId", version, parent, author, reason, created_at as "createdAt", key, body, body_sha256 as "bodySha256", headers,
       content_sha256 as "contentSha256", bytes, edit::text, transform_id as "transformId"
     from letter_version where letter_id = any($1::uuid[]) order by letter_id, version`,
    [ids],
  )
  return new Map(
    [...Map.groupBy(rows, ({ letterId }) => letterId)].map(([id, own]) => [
      id,
      own.map(({ letterId: _, ...version }) => version),
    ]),
  )
}

/** What rotted in the database is not written down as if it were whole. */
function damageOf({ body, bodySha256, versions }: ArchivedLetter): string | null {
  if (!bodyHash(body as Buffer | null).equals(bodySha256)) return 'its body does not have its hash'
  const rotten = versions.find(
    ({ key, body: bytes, headers, contentSha256 }) =>
      !contentHash({ key: key as Buffer | null, body: bytes as Buffer | null, headers: headers as Buffer }).equals(
        contentSha256,
      ),
  )
  return rotten === undefined ? null : `its version ${rotten.version} does not have its hash`
}
