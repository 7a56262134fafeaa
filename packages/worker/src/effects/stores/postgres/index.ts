import { createHash } from 'node:crypto'
import { RedriveError } from '../../../errors.ts'
import type { Begun, EffectRecord, EffectStore, MaybeReason, PutOptions, Settlement } from '../../effect-store.ts'
import type { PostgresClientLike } from './client.ts'
import { type Statements, statementsOf } from './statements.ts'
import { type EffectsTable, tableName } from './table.ts'

export type { PostgresClientLike, PreparedLike } from './client.ts'
export { type EffectsTable, effectsTableSql } from './table.ts'

/** Every so many effects, what has expired is removed, at most 1,000 records at a time. */
const purgeEvery = 500

/**
 * Remembers effects in a table of your PostgreSQL 13 or newer, made by `effectsTableSql`. Two durable statements for an effect that
 * happens, one for one that has happened. Times are the server's.
 *
 * @param client a `Pool` of pg, or another client with its `query`; stays yours
 * @throws OPTION_INVALID
 */
export function postgresEffects(client: PostgresClientLike, options: PostgresEffectsOptions = {}): EffectStore {
  const { isPrepared = true } = options
  const statements = statementsOf(tableName(options))
  const names = new Map(Object.values(statements).map((text) => [text, `redrive_${digestOf(text)}`]))
  let begins = 0
  const purgeSometimes = (): void => {
    if (begins++ % purgeEvery === 0) client.query({ text: statements.purge, values: [] }).catch(() => undefined)
  }
  const prepared: Pick<StoreOptions, 'nameOf'> = { nameOf: (text) => (isPrepared ? names.get(text) : undefined) }
  return {
    ...storeOn(client, statements, { ...prepared, isTransaction: false, onBegin: purgeSometimes }),
    in: (inside) =>
      storeOn(inside as PostgresClientLike, statements, { ...prepared, isTransaction: true, onBegin: () => undefined }),
  }
}

export interface PostgresEffectsOptions extends EffectsTable {
  /** `false` behind a pooler that keeps no prepared statements, as PgBouncer before 1.21. @default true */
  readonly isPrepared?: boolean
}

interface StoreOptions {
  readonly isTransaction: boolean
  readonly onBegin: () => void
  readonly nameOf: (text: string) => string | undefined
}

interface BeginRow {
  readonly taken: boolean
  readonly before: State | null
  readonly begins: number
  readonly beganBeforeMs: number
  readonly state: State
  readonly result: string | null
  readonly leftMs: number
  readonly xid: string | null
}

interface LookRow {
  readonly state: State
  readonly result: string | null
  readonly what: string
  readonly begins: number
  readonly beganAtMs: number
  readonly leftMs: number
}

type State = 'begun' | 'done' | 'not-done' | 'failed' | 'expired'

function storeOn(
  client: PostgresClientLike,
  statements: Statements,
  { isTransaction, onBegin, nameOf }: StoreOptions,
): EffectStore {
  /** The transaction of each attempt. */
  const transactions = new Map<string, string | null>()
  const rowsOf = async <Row>(text: string, values: unknown[]): Promise<readonly Row[]> => {
    const name = nameOf(text)
    return (await client.query(name === undefined ? { text, values } : { name, text, values })).rows as readonly Row[]
  }
  const look = async (key: string): Promise<LookRow | undefined> =>
    (await rowsOf<LookRow>(statements.look, [bytes(key)]))[0]

  return {
    losses: [],
    isTransaction,
    async begin(key, { token, leaseMs, keepMs, what }) {
      onBegin()
      const [row] = await rowsOf<BeginRow>(statements.begin, [bytes(key), what, token, leaseMs, keepMs, isTransaction])
      if (isTransaction) transactions.set(token, row?.xid ?? null)
      if (row?.taken === true) return begunOf(row)
      // Somebody else's transaction has just ended.
      return refusalOf(row ?? (await look(key)))
    },
    async extend(key, { token, leaseMs }) {
      return (await rowsOf(statements.extend, [bytes(key), token, leaseMs])).length > 0
    },
    async settle(key, settlement) {
      const { state, result } = stateOf(settlement)
      const values = [bytes(key), settlement.token, state, result, isTransaction]
      const [row] = await rowsOf<{ readonly xid: string | null }>(statements.settle, values)
      if (isTransaction && row !== undefined && row.xid !== transactions.get(settlement.token)) throw noTransaction()
      transactions.delete(settlement.token)
      return row !== undefined
    },
    async look(key) {
      const row = await look(key)
      return row === undefined ? null : recordOf(row)
    },
    async put(key, options) {
      const values = [bytes(key), options.what, options.kind, options.keepMs, resultOf(options)]
      return (await rowsOf(statements.put, values)).length > 0
    },
  }
}

function begunOf({ before, begins, beganBeforeMs }: BeginRow): Begun {
  if (before === null) return { kind: 'begun', known: false }
  if (before === 'not-done') return { kind: 'begun', known: true }
  return { kind: 'maybe', why: whyOf(before), begins: begins - 1, beganAtMs: beganBeforeMs }
}

function refusalOf(row: Pick<LookRow, 'state' | 'result' | 'leftMs'> | undefined): Begun {
  if (row?.state === 'done') return { kind: 'done', result: row.result ?? '' }
  return { kind: 'busy', leftMs: Math.max(1, Math.ceil(row?.leftMs ?? 1_000)) }
}

function recordOf({ state, leftMs, ...known }: LookRow): EffectRecord {
  const { result, begins, beganAtMs, what } = known
  const record = { result, begins, beganAtMs, what }
  if (state === 'done' || state === 'not-done') return { state, why: null, ...record }
  return leftMs > 0 ? { state: 'running', why: null, ...record } : { state: 'maybe', why: whyOf(state), ...record }
}

function stateOf(settlement: Settlement): { readonly state: State; readonly result: string | null } {
  if (settlement.kind === 'done') return { state: 'done', result: settlement.result }
  if (settlement.kind === 'not-done') return { state: 'not-done', result: null }
  return { state: settlement.why === 'interrupted' ? 'begun' : settlement.why, result: null }
}

function whyOf(state: State): MaybeReason {
  return state === 'failed' || state === 'expired' ? state : 'interrupted'
}

function resultOf(options: PutOptions): string | null {
  return options.kind === 'done' ? options.result : null
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24)
}

function bytes(key: string): Buffer {
  return Buffer.from(key, 'hex')
}

function noTransaction(): RedriveError {
  return new RedriveError('OPTION_INVALID', 'the client given to effects.in is in no transaction', {
    hint: 'Send begin with this client before, and commit after; a Pool cannot hold a transaction.',
  })
}
