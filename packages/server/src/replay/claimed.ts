import type { Header, LinePlace, Message, SendResult } from '@redrive/worker'

/** What is sent of a letter, or why nothing is. */
export type Put = Message | Extract<SendResult, { readonly kind: 'not-sent' }>

/** A letter whose intent is durable and that may now be sent. */
export interface Claimed {
  readonly attemptId: string
  readonly letterId: string
  readonly broker: string
  readonly place: string
  /** Somebody chose the place; `foreign`: the letter comes from another system. */
  readonly redirect: 'same' | 'foreign' | null
  /** Of the body that was agreed to. */
  readonly bodySha256: Buffer
  /** `null`: its bytes cannot be read any more. */
  readonly letter: ClaimedLetter | null
}

/** What is written down before anything of it is sent. */
export interface Intent {
  readonly fromOrdinal: number
  /** Excluded. */
  readonly toOrdinal: number
  /** All of its letters go to places in the office's own database: they are sent in the transaction that marks them. */
  readonly isWithin: boolean
}

/** An intent with its letters, in the order of their ordinals. */
export interface Batch extends Intent {
  readonly letters: readonly Claimed[]
}

/** What of a letter is sent again, and what its new wire says. */
export interface ClaimedLetter {
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly headers: readonly Header[]
  /** UTF-8 JSON. */
  readonly properties: Buffer | null
  readonly failureHeaders: readonly string[]
  readonly wireId: string | null
  readonly hops: number
  readonly originSystem: string | null
  readonly originPlace: string | null
  readonly originPartition: string | null
  readonly originPosition: string | null
  readonly consumer: string | null
  readonly traceparent: string | null
  readonly timestampMs: number | null
  /** Its place in the line of its key. */
  readonly line: LinePlace | null
  /** An earlier replay may have arrived. */
  readonly mayBeDuplicate: boolean
}
