import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { currentContent, type VersionContent } from '../store/letter-versions.ts'
import { maxJsonBytes } from './json/limits.ts'

/** A letter with what an edit needs of it. */
export interface EditableLetter {
  /** UUID. */
  readonly id: string
  readonly state: string
  readonly revision: number
  readonly version: number
  readonly failureHeaders: readonly string[]
  readonly bodySchema: string | null
  /** `null`: its bytes are gone, or more than are edited. */
  readonly content: VersionContent | null
  readonly bytes: number
}

/** A letter that is being sent, was sent or may have been sent stays what it was then. */
export const isEditable = (state: string): boolean => state === 'open' || state === 'held'
/** Of key, body and headers together. */
const maxBytes = 2 * maxJsonBytes

/**
 * Letters by id, in the order of their ids.
 * @param options.lock keeps them as they are until the transaction ends
 */
export async function readEditable(
  client: PoolClient,
  ids: readonly string[],
  options: { readonly lock: boolean },
): Promise<readonly EditableLetter[]> {
  if (options.lock) await client.query('select from letter where id = any($1::uuid[]) order by id for update', [ids])
  const { rows } = await client.query<Row>(readSql, [ids, maxBytes])
  return rows.map(({ key, body, headers, readable, failure_headers, body_schema, ...row }) => ({
    ...row,
    failureHeaders: failure_headers ?? [],
    bodySchema: body_schema,
    content: readable && headers !== null ? { key, body, headers } : null,
  }))
}

/** Why nobody may edit it, or `null`. */
export function refusalOf({ state, content, bytes }: EditableLetter): string | null {
  if (!isEditable(state)) return `it is ${state}`
  if (content !== null) return null
  return bytes > maxBytes ? `it has more than ${maxBytes / 1024 / 1024} MiB` : 'its bytes are gone'
}

/** @throws NOT_FOUND, STATE_CONFLICT */
export async function lockEditable(
  client: PoolClient,
  letter: { readonly id: string; readonly shown: string; readonly expectVersion: number | undefined },
): Promise<EditableLetter & { readonly content: VersionContent }> {
  const [found] = await readEditable(client, [letter.id], { lock: true })
  if (found === undefined)
    throw new RedriveError('NOT_FOUND', `There is no letter ${letter.shown}.`, {
      hint: 'List letters with: redrive letters state:any',
    })
  const { version, state, content } = found
  if (letter.expectVersion !== undefined && letter.expectVersion !== version)
    throw new RedriveError('STATE_CONFLICT', `The letter is at version ${version}, not ${letter.expectVersion}.`, {
      hint: `Somebody changed it. Look first: redrive letter versions ${letter.shown}`,
      data: { version },
    })
  const refusal = refusalOf(found)
  if (refusal !== null || content === null)
    throw new RedriveError('STATE_CONFLICT', `The letter cannot be edited: ${refusal}.`, {
      hint: 'Only letters that are open or held are edited.',
      data: { state },
    })
  return { ...found, content }
}

interface Row {
  readonly id: string
  readonly state: string
  readonly revision: number
  readonly version: number
  readonly failure_headers: readonly string[] | null
  readonly body_schema: string | null
  readonly readable: boolean
  readonly bytes: number
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly headers: Buffer | null
}

const current = currentContent({ letterId: 'l.id', version: 'l.version' })
const readable = `(${current.isThere} and ${current.bytes} <= $2)`
const readSql = `
  select l.id, l.state::text, l.revision, l.version, c.failure_headers,
    (select value from queue_says where queue = q.name and field = 'bodySchema') as body_schema, ${readable} as readable,
    coalesce(${current.bytes}, 0) as bytes,
    case when ${readable} then ${current.key} end as key, case when ${readable} then ${current.body} end as body,
    case when ${readable} then ${current.headers} end as headers
  from letter l join queue q on q.id = l.queue_id left join letter_content c on c.id = l.id ${current.join}
  where l.id = any($1::uuid[]) order by l.id`
