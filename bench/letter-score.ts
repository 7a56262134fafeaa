import { createHash } from 'node:crypto'
import type { ReadLetter } from '@redrive/worker'
import type { RawLetter } from '@redrive/worker/readers'
import type { LetterFixture, LetterTruth } from './letter-fixtures.ts'

export const fields = ['origin', 'consumer', 'errorClass', 'message', 'attempts', 'body'] as const
export type Field = (typeof fields)[number]
export type Verdict = 'right' | 'unknown' | 'wrong'

export interface Score {
  readonly counts: Record<Field, Record<Verdict, number>>
  readonly wrong: { readonly at: number; readonly field: Field; readonly said: unknown; readonly truth: unknown }[]
}

/** Compares what is read with what the programs' logs say, letter by letter and field by field. */
export function score(fixtures: readonly LetterFixture[], read: (letter: RawLetter) => ReadLetter): Score {
  const zero = (): Record<Verdict, number> => ({ right: 0, unknown: 0, wrong: 0 })
  const counts: Score['counts'] = {
    origin: zero(),
    consumer: zero(),
    errorClass: zero(),
    message: zero(),
    attempts: zero(),
    body: zero(),
  }
  const wrong: Score['wrong'] = []
  fixtures.forEach(({ letter, truth }, at) => {
    const result = read(letter)
    for (const field of fields) {
      const { verdict, said, truth: expected } = judge(field, result, { letter, truth })
      counts[field][verdict] += 1
      if (verdict === 'wrong') wrong.push({ at, field, said, truth: expected })
    }
  })
  return { counts, wrong }
}

interface Judgement {
  readonly verdict: Verdict
  readonly said: unknown
  readonly truth: unknown
}

function judge(
  field: Field,
  { facts }: ReadLetter,
  { letter, truth }: { letter: RawLetter; truth: LetterTruth },
): Judgement {
  if (field === 'body') return judgeBody(facts.bodyExact, { letter, truth })
  if (field !== 'origin') return compare(facts[field], truth[field])
  const place = compare(facts.originPlace, truth.origin)
  if (place.verdict !== 'right' || truth.exchange === undefined) return place
  // An AMQP origin is a queue and what the message was published with.
  const said = JSON.stringify([facts.originRoute?.['exchange'], facts.originRoute?.['routingKey']])
  return compare(said, JSON.stringify([truth.exchange, truth.routingKey]))
}

/** Saying nothing of what never was is right: a letter whose handler never ran has no error. */
function compare(said: string | number | undefined, truth: string | number | null): Judgement {
  if (said === undefined) return { verdict: truth === null ? 'right' : 'unknown', said, truth }
  return { verdict: said === truth ? 'right' : 'wrong', said, truth }
}

/**
 * The body is handed on as it lies in the letter. It is right if it is the original; a changed one is wrong only where the reader
 * claims that it is not changed. Where the reader says that the carrier keeps no bytes, it is unknown in any case.
 */
function judgeBody(
  claimed: boolean | undefined,
  { letter, truth }: { letter: RawLetter; truth: LetterTruth },
): Judgement {
  const { body } = letter.message
  const said = body === null ? null : createHash('sha256').update(body).digest('hex')
  const same = said === truth.bodySha256
  const verdict = claimed === false ? 'unknown' : same ? 'right' : claimed === true ? 'wrong' : 'unknown'
  return { verdict, said, truth: truth.bodySha256 }
}
