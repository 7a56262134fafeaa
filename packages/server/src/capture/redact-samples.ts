import type { MessageSample } from '@redrive/worker'
import type { Note, Redactor } from '../masking/index.ts'

/** What workers tell of messages that they handled, without what is never kept. One that cannot be looked through is left out. */
export function redactSamples(samples: readonly MessageSample[], redactor: Redactor): readonly MessageSample[] {
  return samples.flatMap((sample) => {
    try {
      return [redactSample(sample, redactor)]
    } catch {
      return []
    }
  })
}

function redactSample({ partition, headers, body }: MessageSample, redactor: Redactor): MessageSample {
  const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
  return {
    partition: partition === null ? null : redactor.text(partition, ignored),
    headers:
      headers?.map(([name, value]) => {
        if (value === undefined) return [name] as const
        return [name, value === null ? null : textOf(redactor.header(name, Buffer.from(value), ignored))] as const
      }) ?? null,
    body: body === null ? null : textOf(redactor.body(Buffer.from(body), ignored)),
  }
}

const ignored: Note = () => undefined
