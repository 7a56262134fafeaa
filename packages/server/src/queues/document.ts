import { createHash } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { bodySchemaProblem, neverSent } from '../config/index.ts'
import type { Store } from '../store/store.ts'
import { lockDocuments } from './lock-documents.ts'

export interface DocumentChange {
  /** Name of a queue that is there, or is to come. */
  readonly queue: string
  /** By the fields' paths; `null` takes back what was set. */
  readonly fields: Readonly<Record<string, string | null>>
  readonly by: string
  readonly reason: string | null
}

/**
 * Sets what people should know of a queue, all of it or nothing. What a file says is changed there only.
 * @throws REQUEST_INVALID (nothing to change, a `…` that nobody filled in, no JSON Schema, letters that are never sent by themselves), STATE_CONFLICT (a file says it)
 */
export async function documentQueue(store: Store, { queue, by, reason, ...change }: DocumentChange): Promise<void> {
  // Half a character is a value that no database holds.
  const fields = Object.fromEntries(
    Object.entries(change.fields).map(([field, value]) => [field, value?.toWellFormed() ?? null]),
  )
  const names = Object.keys(fields)
  if (names.length === 0) {
    throw new RedriveError('REQUEST_INVALID', 'Nothing is said of the queue, so nothing was changed.', {
      hint: 'Name a field, as in: redrive queue document orders --owner team-reefer',
    })
  }
  const blank = names.find((name) => /^(…|\.\.\.)$/.test(fields[name]?.trim() ?? ''))
  if (blank !== undefined)
    throw new RedriveError('REQUEST_INVALID', `${blank}: … is to be filled in.`, {
      hint: 'Nothing was changed. Write what is so in place of each …',
    })
  const problem = typeof fields['bodySchema'] === 'string' ? bodySchemaProblem(fields['bodySchema']) : null
  if (problem !== null)
    throw new RedriveError('REQUEST_INVALID', `The schema ${problem}.`, { hint: 'Nothing was changed.' })
  for (const [name, value] of Object.entries(fields)) {
    const tier = /^tiers\.([a-z]+)\.replay\.when$/.exec(name)?.[1]
    const never = tier === undefined ? null : neverSent(tier, value)
    if (never !== null)
      throw new RedriveError('REQUEST_INVALID', `${name}: ${never}.`, { hint: 'Nothing was changed.' })
  }
  await store.transaction(async (client) => {
    await lockDocuments(client)
    await refuseWhatFilesSay(client, queue, names)
    const before = await setByApi(client, queue, names)
    const changed = names.filter((name) => fields[name] !== (before.get(name) ?? null))
    for (const name of changed) await write(client, { queue, field: name, value: fields[name] ?? null, by })
    if (changed.length === 0) return
    await recordAudit(client, {
      actor: by,
      action: 'queue.document',
      target: queue,
      reason: reason?.toWellFormed() ?? null,
      details: Object.fromEntries(
        changed.map((name) => [name, { was: shown(name, before.get(name)), is: shown(name, fields[name]) }]),
      ),
    })
  })
}

async function refuseWhatFilesSay(client: PoolClient, queue: string, names: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ field: string; said_by: string }>(
    `select field, said_by from queue_document where queue = $1 and field = any($2) and origin = 'file' order by field`,
    [queue, names],
  )
  if (rows.length === 0) return
  const places = rows.map(({ field, said_by }) => `${field} in ${said_by}`).join(', ')
  throw new RedriveError('STATE_CONFLICT', `A configuration file says it: ${places}. Nothing was changed.`, {
    hint: 'Change it there and restart the office, or take it out of the file: then it can be set here. If that file is gone, name the queue in a file that an office reads.',
    data: { fields: Object.fromEntries(rows.map(({ field, said_by }) => [field, said_by])) },
  })
}

async function setByApi(
  client: PoolClient,
  queue: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ field: string; value: string }>(
    `select field, value from queue_document where queue = $1 and field = any($2) and origin = 'api'`,
    [queue, names],
  )
  return new Map(rows.map(({ field, value }) => [field, value]))
}

async function write(
  client: PoolClient,
  {
    queue,
    field,
    value,
    by,
  }: { readonly queue: string; readonly field: string; readonly value: string | null; readonly by: string },
): Promise<void> {
  if (value === null) {
    await client.query(`delete from queue_document where queue = $1 and field = $2 and origin = 'api'`, [queue, field])
    return
  }
  await client.query(
    `insert into queue_document (queue, field, origin, value, said_by) values ($1, $2, 'api', $3, $4)
     on conflict (queue, field, origin) do update set value = excluded.value, said_by = excluded.said_by, said_at = now()`,
    [queue, field, value, by],
  )
}

/** A schema may have a megabyte: of it the trail keeps the hash. */
function shown(field: string, value: string | null | undefined): string | null {
  if (value === null || value === undefined) return null
  return field === 'bodySchema' ? `sha256:${createHash('sha256').update(value).digest('hex')}` : value
}
