import type { Delivered } from '../alerts/index.ts'

const patienceMs = 10_000
const mostRestMs = 3_600_000

/**
 * One request. What may be mended at the other side or in the configuration is tried again; a redirect is not followed, for it would carry the notice
 * and its signature to somebody who was not named. Reasons name the host alone: a path may be a secret.
 */
export async function post(
  url: string,
  { body, headers }: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  stop: AbortSignal,
): Promise<Delivered> {
  const { host } = new URL(url)
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(patienceMs)]),
      headers: { 'content-type': 'application/json', 'user-agent': 'redrive', ...headers },
      body,
    })
    await answer.body?.cancel()
    if (answer.ok) return { kind: 'delivered' }
    const reason = `${host} answered ${answer.status}`
    if (!isPassing(answer.status)) return { kind: 'refused', reason }
    const restMs = Math.min(mostRestMs, 1_000 * Number(answer.headers.get('retry-after') ?? 0))
    return { kind: 'later', reason, ...(restMs > 0 ? { afterMs: restMs } : {}) }
  } catch (error) {
    return { kind: 'later', reason: `${host} could not be reached (${reasonOf(error)})` }
  }
}

/** Those of a wrong address or key pass once the configuration is mended. */
function isPassing(status: number): boolean {
  return status >= 500 || [401, 403, 404, 408, 410, 425, 429].includes(status)
}

/** By its code: the message of a failed fetch holds the address. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'unknown'
}
