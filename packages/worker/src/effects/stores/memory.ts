import { type Clock, systemClock } from '../../clock.ts'
import { RedriveError } from '../../errors.ts'
import type { Begun, EffectRecord, EffectStore, MaybeReason } from '../effect-store.ts'

export interface MemoryEffectsOptions {
  /** Records held; the oldest that no attempt holds goes first. @default 100_000 */
  readonly maxRecords?: number
  /** @default the system's */
  readonly clock?: Clock
}

const losses = [
  'everything is forgotten with the process: after a crash or a restart, effects happen again without a word',
  'other processes know nothing of it',
  'beyond maxRecords the oldest are forgotten',
] as const

interface Row {
  state: 'begun' | 'done' | 'not-done' | 'failed' | 'expired'
  token: string
  begins: number
  beganAtMs: number
  leaseUntilMs: number
  expiresAtMs: number
  result: string | null
  what: string
  /** What the holder was told, to tell it again. */
  told: Begun
}

/** Remembers effects in this process. For tests, and for workers of which losing the process ends everything. */
export function memoryEffects(options: MemoryEffectsOptions = {}): EffectStore {
  const { maxRecords = 100_000, clock = systemClock } = options
  if (!(maxRecords >= 1)) throw new RedriveError('OPTION_INVALID', `maxRecords is ${maxRecords}`)
  /** Oldest first. */
  const rows = new Map<string, Row>()

  return {
    losses,
    async begin(key, { token, leaseMs, keepMs, what }) {
      const nowMs = clock.now()
      const before = current(key)
      if (before?.state === 'done') return { kind: 'done', result: before.result ?? '' }
      if (before?.token === token && before.state === 'begun') return before.told
      if (before !== undefined && before.leaseUntilMs > nowMs)
        return { kind: 'busy', leftMs: before.leaseUntilMs - nowMs }
      const told = toldAfter(before)
      insert(key, {
        state: 'begun',
        token,
        begins: (before?.begins ?? 0) + 1,
        beganAtMs: nowMs,
        leaseUntilMs: nowMs + leaseMs,
        expiresAtMs: nowMs + keepMs,
        result: null,
        what,
        told,
      })
      return told
    },
    async extend(key, { token, leaseMs }) {
      const row = current(key)
      if (row?.token !== token || row.state !== 'begun') return false
      row.leaseUntilMs = clock.now() + leaseMs
      return true
    },
    async settle(key, settlement) {
      const row = current(key)
      if (row?.token !== settlement.token) return false
      row.leaseUntilMs = 0
      row.state = settlement.kind === 'maybe' ? stateOf(settlement.why) : settlement.kind
      row.result = settlement.kind === 'done' ? settlement.result : null
      return true
    },
    async look(key) {
      const row = current(key)
      return row === undefined ? null : recordOf(row, clock.now())
    },
    async put(key, { kind, keepMs, what, ...rest }) {
      const nowMs = clock.now()
      const row = current(key)
      if (row !== undefined && row.leaseUntilMs > nowMs) return false
      insert(key, {
        state: kind,
        token: '',
        begins: row?.begins ?? 0,
        beganAtMs: row?.beganAtMs ?? nowMs,
        leaseUntilMs: 0,
        expiresAtMs: nowMs + keepMs,
        result: 'result' in rest ? rest.result : null,
        what,
        told: { kind: 'begun', known: false },
      })
      return true
    },
  }

  function current(key: string): Row | undefined {
    const row = rows.get(key)
    if (row === undefined || row.expiresAtMs > clock.now()) return row
    rows.delete(key)
    return undefined
  }

  function insert(key: string, row: Row): void {
    rows.delete(key)
    rows.set(key, row)
    if (rows.size <= maxRecords) return
    for (const [oldest, { leaseUntilMs }] of rows) {
      if (leaseUntilMs > clock.now()) continue
      rows.delete(oldest)
      return
    }
  }
}

function toldAfter(before: Row | undefined): Begun {
  if (before === undefined) return { kind: 'begun', known: false }
  if (before.state === 'not-done') return { kind: 'begun', known: true }
  return { kind: 'maybe', why: whyOf(before.state), begins: before.begins, beganAtMs: before.beganAtMs }
}

function recordOf({ state, leaseUntilMs, result, begins, beganAtMs, what }: Row, nowMs: number): EffectRecord {
  const known = { result, begins, beganAtMs, what }
  if (state === 'done' || state === 'not-done') return { state, why: null, ...known }
  return leaseUntilMs > nowMs
    ? { state: 'running', why: null, ...known }
    : { state: 'maybe', why: whyOf(state), ...known }
}

function stateOf(why: MaybeReason): Row['state'] {
  return why === 'interrupted' ? 'begun' : why
}

function whyOf(state: Row['state']): MaybeReason {
  return state === 'failed' || state === 'expired' ? state : 'interrupted'
}
