import type { LetterFacts } from '../letter.ts'
import type { Message } from '../message.ts'

/** A dead letter as captured: whose bytes nobody has looked at yet. */
export interface RawLetter {
  /** The broker's name: `kafka`, `rabbitmq`, `pg-boss`, … */
  readonly system: string
  /** Where it lay: topic, queue, table's queue. */
  readonly place: string
  readonly partition: string | null
  readonly position: bigint | null
  /**
   * RabbitMQ headers that are not text have `type: 'json'`. A pg-boss letter has the job's `data` as JSON in `body` and the other
   * columns of its row, under their SQL or their API names, in `properties`.
   */
  readonly message: Message
}

/**
 * One convention of writing dead letters. `transport`: what a broker says by itself; `framework`: what a library wrote into the message.
 * `read` may assume nothing about the bytes, does work bounded by the letter's size, and says nothing rather than guess.
 */
export interface Reader {
  readonly name: string
  readonly layer: 'transport' | 'framework'
  /** True for headers of this convention, whatever their value: they describe a failure and are stripped on replay. */
  owns(headerName: string): boolean
  /** `null`: this convention is not there. */
  read(letter: RawLetter): Reading | null
}

export interface Reading {
  readonly facts: LetterFacts
  /** Which of the facts are concluded; the others stand in the letter. */
  readonly inferred: ReadonlySet<keyof LetterFacts>
  /** Index of the last header that tells of the failure; -1 without headers. Of several frameworks the one that wrote last saw the last failure. */
  readonly writtenAt: number
}

/** Facts where what is unknown may be present as `null` or `undefined`. */
export type MaybeFacts = { readonly [Name in keyof LetterFacts]?: LetterFacts[Name] | null | undefined }

/** Drops what is unknown; a fact that stands in the letter beats the same fact inferred. */
export function reading(exact: MaybeFacts, inferred: MaybeFacts, writtenAt = -1): Reading {
  const facts: Record<string, unknown> = {}
  const names = new Set<keyof LetterFacts>()
  for (const name in exact) {
    const value = exact[name as keyof LetterFacts]
    if (value !== null && value !== undefined) facts[name] = value
  }
  for (const name in inferred) {
    const value = inferred[name as keyof LetterFacts]
    if (value === null || value === undefined || name in facts) continue
    facts[name] = value
    names.add(name as keyof LetterFacts)
  }
  return { facts: facts as LetterFacts, inferred: names, writtenAt }
}
