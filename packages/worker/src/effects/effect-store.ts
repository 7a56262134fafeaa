/**
 * The port of the stores that remember effects. A record is written before an effect may happen and again when it has; what lies
 * between the two is told by nobody, so it is `maybe`. Every verb is one atomic step at the store and may be repeated with the same
 * token: the answer stays the same.
 */
export interface EffectStore {
  /** What of the promise does not hold here; empty when nothing is lost. */
  readonly losses: readonly string[]
  /** Takes an effect for one attempt, for as long as its lease, or says why not. */
  begin(key: string, options: BeginOptions): Promise<Begun>
  /** Prolongs a lease from now. `false`: it is somebody else's, or over. */
  extend(key: string, options: { readonly token: string; readonly leaseMs: number }): Promise<boolean>
  /** Ends a lease. `false`, and no effect: somebody else has taken the effect since. */
  settle(key: string, settlement: Settlement): Promise<boolean>
  /** What is known; `null`: nothing, or no longer. */
  look(key: string): Promise<EffectRecord | null>
  /** Writes what was decided or found out, whatever was known. `false`, and no effect: an attempt holds it right now. */
  put(key: string, options: PutOptions): Promise<boolean>
  /** The same store inside the caller's transaction, where it can be: nothing it writes outlives a rollback. */
  in?(client: unknown): EffectStore
  /** `true`: one statement that fails makes the rest fail, so nothing is tried again. @default false */
  readonly isTransaction?: boolean
}

export interface BeginOptions {
  /** Names this attempt; only it can extend and settle. */
  readonly token: string
  readonly leaseMs: number
  /** How long the record is kept, from now. */
  readonly keepMs: number
  /** For people who look into the store. Clean text, at most 500 characters. */
  readonly what: string
}

export type Begun =
  /** Yours. `known`: there is a record that it has not happened; otherwise there is no record. */
  | { readonly kind: 'begun'; readonly known: boolean }
  /** Yours, but an earlier attempt may have done it. */
  | { readonly kind: 'maybe'; readonly why: MaybeReason; readonly begins: number; readonly beganAtMs: number }
  /** Not yours: it has happened. */
  | { readonly kind: 'done'; readonly result: string }
  /** Not yours: an attempt holds it for so long, unless it prolongs. */
  | { readonly kind: 'busy'; readonly leftMs: number }

/**
 * `interrupted`: it was begun and nobody said how it ended; `failed`: it threw in a way that does not tell; `expired`: the message is so
 * old that its record may have been dropped.
 */
export type MaybeReason = 'interrupted' | 'failed' | 'expired'

export type Settlement =
  | { readonly token: string; readonly kind: 'done'; readonly result: string }
  | { readonly token: string; readonly kind: 'not-done' }
  | { readonly token: string; readonly kind: 'maybe'; readonly why: MaybeReason }

export type PutOptions =
  | { readonly kind: 'done'; readonly result: string; readonly keepMs: number; readonly what: string }
  | { readonly kind: 'not-done'; readonly keepMs: number; readonly what: string }

export interface EffectRecord {
  readonly state: 'running' | 'done' | 'not-done' | 'maybe'
  /** With `maybe`. */
  readonly why: MaybeReason | null
  /** With `done`. */
  readonly result: string | null
  /** How often it was begun. */
  readonly begins: number
  /** Epoch milliseconds, by the store's clock. */
  readonly beganAtMs: number
  readonly what: string
}
