import type { Delivered } from '../alerts/index.ts'

const patienceMs = 10_000
const mostRestMs = 3_600_000
const readBytes = 1_024

interface Answer {
  readonly status: number
  /** Its beginning; empty when it could not be read. */
  readonly text: string
}

/** What the body of an answer says beyond its status. `says` is a word of the protocol, never foreign text. */
export interface Judgement {
  readonly kind?: Delivered['kind']
  readonly says?: string
}

export interface Message {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** For receivers whose status does not say all. */
  readonly judge?: (answer: Answer) => Judgement
}

/**
 * One request. What may be mended at the other side or in the configuration is tried again; a redirect is not followed, for it would carry the notice
 * and its signature to somebody who was not named. Reasons name the host alone: a path may be a secret.
 */
export async function post(url: string, { body, headers, judge }: Message, stop: AbortSignal): Promise<Delivered> {
  const { host } = new URL(url)
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(patienceMs)]),
      headers: { 'content-type': 'application/json', 'user-agent': 'redrive', ...headers },
      body,
    })
    const { status } = answer
    const text = judge === undefined ? '' : await beginningOf(answer)
    await answer.body?.cancel()
    const { kind = kindOf(status), says } = judge?.({ status, text }) ?? {}
    if (kind === 'delivered') return { kind }
    const reason = `${host} answered ${status}${says === undefined ? '' : ` ${says}`}`
    if (kind === 'refused') return { kind, reason }
    const restMs = Math.min(mostRestMs, 1_000 * Number(answer.headers.get('retry-after') ?? 0))
    return { kind, reason, ...(restMs > 0 ? { afterMs: restMs } : {}) }
  } catch (error) {
    return { kind: 'later', reason: `${host} could not be reached (${reasonOf(error)})` }
  }
}

/** Of the notice itself: malformed, there already, too large, or nothing that can be worked with. */
const refusals: ReadonlySet<number> = new Set([400, 409, 413, 422])

/** All else, also a redirect, is of the address, the login or the moment, and passes once that is mended. */
function kindOf(status: number): Delivered['kind'] {
  if (status >= 200 && status < 300) return 'delivered'
  return refusals.has(status) ? 'refused' : 'later'
}

async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const reader = body?.getReader()
  try {
    while (reader !== undefined && bytes < readBytes) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      bytes += value.length
    }
  } catch {
    // An answer that breaks off says nothing.
    chunks.length = 0
  } finally {
    reader?.releaseLock()
  }
  return Buffer.concat(chunks).subarray(0, readBytes).toString('utf8')
}

/** By its code: the message of a failed fetch holds the address. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'unknown'
}
