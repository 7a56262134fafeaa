import { type CauseIndex, createCauseIndex, type Fingerprint } from '@redrive/worker/fingerprint'
import type pg from 'pg'
import { loadShapes } from '../store/cause-shapes.ts'

export interface Assignment {
  /** Key of the fingerprint that founded the cause, hexadecimal; its first eight bytes are the cause's id. */
  readonly cause: string
  /** The shape is to be stored with the letter: later ones are compared with it. */
  readonly teaches: boolean
}

/** Which cause a fingerprint belongs to, over what the database and this process have seen. */
export interface CauseAssigner {
  /** At once, for a fingerprint seen before. */
  known(fingerprint: Fingerprint): Assignment | undefined
  /** For one seen for the first time: asks the database what others have seen meanwhile. */
  assign(fingerprint: Fingerprint): Promise<Assignment>
  /** Forgets what was learnt: a batch that taught it was dropped. */
  forget(): void
}

interface Scope {
  readonly index: CauseIndex
  readonly keys: Set<string>
  readonly assigned: Map<string, string>
  lastId: number
}

const maxScopes = 500
const maxKeysPerScope = 10_000
/** Rows that got their number earlier may be committed later. */
const overlap = 1_000

export function createCauseAssigner(pool: pg.Pool): CauseAssigner {
  const scopes = new Map<string, Scope>()

  async function assign(fingerprint: Fingerprint): Promise<Assignment> {
    const scope = scopeOf(fingerprint.scope)
    for (const { id, key, cause, shape } of await loadShapes(pool, fingerprint.scope, scope.lastId - overlap)) {
      scope.lastId = Math.max(scope.lastId, id)
      if (scope.keys.has(key)) continue
      scope.keys.add(key)
      scope.index.learn(fingerprint.scope, cause, key, shape)
    }
    // What a letter that says little belongs to may be seen otherwise once there is one more cause.
    scope.assigned.clear()
    const { cause } = scope.index.assign(fingerprint)
    scope.assigned.set(fingerprint.key, cause)
    const teaches = !scope.keys.has(fingerprint.key)
    scope.keys.add(fingerprint.key)
    return { cause, teaches }
  }

  function scopeOf(name: string): Scope {
    const found = scopes.get(name)
    if (found !== undefined && found.keys.size < maxKeysPerScope) return found
    const oldest = scopes.keys().next()
    if (scopes.size >= maxScopes && oldest.done !== true) scopes.delete(oldest.value)
    const made: Scope = { index: createCauseIndex(), keys: new Set(), assigned: new Map(), lastId: 0 }
    scopes.delete(name)
    scopes.set(name, made)
    return made
  }

  return {
    known({ basis, scope, key }) {
      // Without an error there is nothing to compare: the key says it all.
      if (basis === 'reason' || basis === 'nothing') return { cause: key, teaches: false }
      const cause = scopes.get(scope)?.assigned.get(key)
      return cause === undefined ? undefined : { cause, teaches: false }
    },
    assign,
    forget: () => scopes.clear(),
  }
}

/** The first eight bytes of a key as PostgreSQL's bigint. */
export function causeIdOf(key: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${key.slice(0, 16)}`))
}
