import type { DeathReason, Tier } from './failure.ts'
import type { LinePlace } from './wire.ts'

/**
 * What readers make of a dead letter, whoever wrote it. Every field may be missing: a reader says nothing rather than guess.
 * Text comes from the letter and is hostile: capped, but not escaped.
 */
export interface LetterFacts {
  /** System the message first came from. */
  readonly originSystem?: string
  readonly originPlace?: string
  readonly originPartition?: string
  readonly originPosition?: string
  readonly originTimestampMs?: number
  /** Routing key, exchange and the like needed to send it back to its origin. */
  readonly originRoute?: Readonly<Record<string, string>>
  /** Consumer group, subscription, connector, queue whose failure this is. */
  readonly consumer?: string
  /** Class of the innermost error. */
  readonly errorClass?: string
  /** Message of the innermost error. */
  readonly message?: string
  /** Stack as written, outer errors first. */
  readonly stack?: string
  /** Calls made before death. */
  readonly attempts?: number
  readonly maxAttempts?: number
  readonly firstFailedAtMs?: number
  readonly lastFailedAtMs?: number
  readonly tier?: Tier
  /** Why it is dead: ours, or the broker's word (`rejected`, `expired`, `maxlen`, `delivery_limit`, a Connect stage). */
  readonly reason?: DeathReason | (string & {})
  readonly service?: string
  readonly release?: string
  readonly host?: string
  readonly traceparent?: string
  /** Identity over retries and replays, from our own wire. */
  readonly wireId?: string
  readonly replayId?: string
  readonly hops?: number
  /** Its place in the line of its key, where its worker keeps lines. */
  readonly line?: LinePlace
  /** `true`: the body is byte for byte what the producer sent; `false`: the carrier does not keep bytes (JSON columns). */
  readonly bodyExact?: boolean
}

export type Confidence = 'exact' | 'inferred'

/** Facts with where each came from. */
export interface ReadLetter {
  readonly facts: LetterFacts
  readonly confidence: Readonly<Partial<Record<keyof LetterFacts, Confidence>>>
  /** Readers that recognised something, transport first; empty for a letter nobody can parse. */
  readonly readers: readonly string[]
  /** Names of headers that describe the failure and are stripped on replay. */
  readonly failureHeaders: readonly string[]
}
