import type { Message } from '../message.ts'
import type { MessageSample } from '../traffic-report.ts'
import type { SampleSettings } from './traffic-options.ts'

/** What is told of some of the messages that were handled; which ones is chance, and each has the same. */
export interface Samples {
  /** Messages that are let pass before the next one is taken. To be counted down by whoever handles one. */
  left: number
  take(message: Message, partition: string | null): void
  /** What was taken since, in at most so many bytes; begins anew. */
  drain(): readonly MessageSample[]
}

const maxBytes = 32 * 1024
const maxHeaders = 50
const maxNameLength = 120
const maxValueLength = 200
/** Larger bodies are not told; the office then looks at none of that size. */
export const maxSampleBodyBytes = 4_096

/**
 * A reservoir that skips: what is not taken costs a decrement.
 * @see K.-H. Li, Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n))), ACM TOMS 20 (1994) 481–493, algorithm L
 */
export function samplesOf(settings: SampleSettings, random: () => number = Math.random): Samples {
  const { perMinute, headers, bodies } = settings
  const told = new Set(headers.map((name) => name.toLowerCase()))
  let kept: MessageSample[] = []
  let weight = 1

  /** Above 0 and up to 1, so that it has a logarithm. */
  const chance = (): number => 1 - random()
  const shrink = (): void => {
    weight *= Math.exp(Math.log(chance()) / perMinute)
  }
  const skip = (): number => Math.min(Number.MAX_SAFE_INTEGER, Math.floor(Math.log(chance()) / Math.log1p(-weight)))

  const samples: Samples = {
    left: 0,
    take(message, partition) {
      const sample = sampleOf(message, { partition, told, bodies })
      if (kept.length < perMinute) {
        kept.push(sample)
        if (kept.length < perMinute) return
        shrink()
      } else {
        kept[Math.floor(random() * perMinute)] = sample
        shrink()
      }
      samples.left = skip()
    },
    drain() {
      const taken = kept
      kept = []
      weight = 1
      samples.left = 0
      let bytes = 0
      const fits = taken.findIndex((sample) => {
        bytes += Buffer.byteLength(JSON.stringify(sample))
        return bytes > maxBytes
      })
      return fits < 0 ? taken : taken.slice(0, fits)
    },
  }
  return samples
}

function sampleOf(
  message: Message,
  {
    partition,
    told,
    bodies,
  }: { readonly partition: string | null; readonly told: ReadonlySet<string>; readonly bodies: boolean },
): MessageSample {
  return {
    partition,
    headers: headersOf(message, told),
    body: bodies ? bodyOf(message) : null,
  }
}

/** Names of all, values of those that were chosen: a value may say who somebody is. */
function headersOf({ headers }: Message, told: ReadonlySet<string>): MessageSample['headers'] {
  if (headers.length > maxHeaders) return null
  return headers
    .filter(({ name }) => name.length <= maxNameLength)
    .map(({ name, value }) => {
      if (!told.has(name.toLowerCase())) return [name]
      const text = value === null ? null : textOf(value)
      return text === undefined ? [name] : [name, text?.slice(0, maxValueLength).toWellFormed() ?? null]
    })
}

function bodyOf({ body }: Message): string | null {
  if (body === null || body.byteLength > maxSampleBodyBytes) return null
  return textOf(body) ?? null
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `undefined`: bytes that are no text. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
