import type { PostgresClientLike } from '../../../effects/stores/postgres/client.ts'
import type { HoldStore, Line, Standing } from '../../hold-store.ts'
import { statementsOf } from './statements.ts'
import { type HoldTable, holdTableName } from './table.ts'

export type { PostgresClientLike, PreparedLike } from '../../../effects/stores/postgres/client.ts'
export { type HoldTable, holdTableSql } from './table.ts'

interface LookRow {
  readonly first: string
  /** Of the letter; `null`: it has none. */
  readonly at: string | null
  readonly size: number
}

/** Every so many departures, lines that have long been empty are removed. */
const purgeEvery = 500

/**
 * Keeps the lines in a table of your PostgreSQL 13 or newer, made by `holdTableSql`. One read for each message; a write only for what waits, dies or
 * is resolved.
 *
 * @param client a `Pool` of pg, or another client with its `query`; stays yours. Not one in a transaction
 * @throws OPTION_INVALID
 */
export function postgresHold(client: PostgresClientLike, options: HoldTable = {}): HoldStore {
  const statements = statementsOf(holdTableName(options))
  let departures = 0
  const rowsOf = async <Row>(text: string, values: unknown[]): Promise<readonly Row[]> =>
    (await client.query({ text, values })).rows as readonly Row[]
  const look = async ({ scope, key }: Line, letter: string): Promise<LookRow | undefined> =>
    (await rowsOf<LookRow>(statements.look, [scope, key, letter]))[0]

  return {
    losses: [],
    async arrive(line, letter, { at, most }) {
      for (;;) {
        const row = await look(line, letter)
        if (row === undefined) return { kind: 'free' }
        if (row.at !== null) return standingOf(row, letter, Number(row.at))
        if (row.size >= most) return { kind: 'full' }
        // Whatever happened in between, the next look tells.
        await rowsOf(statements.append, [line.scope, line.key, letter, at, most])
      }
    },
    async die(line, letter, { at }) {
      for (;;) {
        await rowsOf(statements.die, [line.scope, line.key, letter, at])
        const row = await look(line, letter)
        if (row !== undefined && row.at !== null) return Number(row.at)
      }
    },
    async leave(line, letter) {
      await rowsOf(statements.leave, [line.scope, line.key, letter])
      if (departures++ % purgeEvery === 0) client.query({ text: statements.purge, values: [] }).catch(() => undefined)
    },
    async count(scope, most) {
      const [row] = await rowsOf<{ readonly lines: number }>(statements.count, [scope, most])
      return row?.lines ?? 0
    },
  }
}

function standingOf({ first }: LookRow, letter: string, at: number): Standing {
  return first === letter ? { kind: 'first', at } : { kind: 'behind', at, behind: first }
}
