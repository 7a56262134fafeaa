import type { Pool, PoolClient } from 'pg'
import { wordsOf } from '../store/terms.ts'
import { type Conditions, type Fragment, likeLiteral } from './conditions.ts'
import { holdsText } from './holds-text.ts'
import { Statement } from './statement.ts'

/** The queues or, when something is said of causes, the causes whose letters are looked at. */
export type Scope =
  | { readonly kind: 'queues'; readonly ids: readonly string[] }
  | { readonly kind: 'causes'; readonly ids: readonly string[]; readonly queues: readonly string[] }

export async function scopeOf(client: Pool | PoolClient, conditions: Conditions): Promise<Scope> {
  if (conditions.cause.length > 0)
    return scopeOfCauses(await causesWhere(client, [...conditions.queue, ...conditions.cause]))
  const statement = new Statement()
  const { rows } = await client.query<{ id: number }>(
    `select q.id from queue q where ${statement.all(conditions.queue)}`,
    statement.parameters,
  )
  return { kind: 'queues', ids: rows.map(({ id }) => String(id)) }
}

/** Causes in whose own text all of the free text stands: every letter of them matches. */
export async function causesWithText(client: Pool | PoolClient, conditions: Conditions): Promise<Scope> {
  const { text } = conditions
  const likes = [...new Set(text.flatMap((value) => wordsOf(value)))].map(
    (word): Fragment =>
      (bind) =>
        `concat_ws(' ', ca.title, ca.template, ca.error_class) ilike ${bind(`%${likeLiteral(word)}%`)}`,
  )
  const causes = await causesWhere(client, [...conditions.queue, ...conditions.cause, ...likes])
  return scopeOfCauses(causes.filter((cause) => holdsText(text, [cause.title, cause.template, cause.error_class])))
}

interface CauseText {
  readonly id: string
  readonly queue_id: number
  readonly title: string
  readonly template: string | null
  readonly error_class: string | null
}

async function causesWhere(client: Pool | PoolClient, where: readonly Fragment[]): Promise<readonly CauseText[]> {
  const statement = new Statement()
  const { rows } = await client.query<CauseText>(
    `select ca.id, ca.queue_id, ca.title, ca.template, ca.error_class
     from cause ca join queue q on q.id = ca.queue_id where ${statement.all(where)}`,
    statement.parameters,
  )
  return rows
}

function scopeOfCauses(causes: readonly CauseText[]): Scope {
  return {
    kind: 'causes',
    ids: causes.map(({ id }) => id),
    queues: [...new Set(causes.map(({ queue_id: id }) => String(id)))],
  }
}
