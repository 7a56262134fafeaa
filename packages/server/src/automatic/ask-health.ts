import type { Health } from './decide.ts'

const patienceMs = 5_000

/**
 * One GET: 2xx is healthy. A redirect is not followed, for another address was not named; nothing of the body is read.
 * @param url of the configuration file; reasons name its host alone
 */
export async function askHealth(url: string, stop: AbortSignal): Promise<Health> {
  const { host } = new URL(url)
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(patienceMs)]),
      headers: { 'user-agent': 'redrive' },
    })
    await answer.body?.cancel()
    return answer.ok ? { isHealthy: true } : { isHealthy: false, problem: `${host} answered ${answer.status}` }
  } catch (error) {
    return { isHealthy: false, problem: `${host} could not be reached (${reasonOf(error)})` }
  }
}

/** By its code: the message of a failed fetch holds the address. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  if (typeof cause?.code === 'string') return cause.code
  return error instanceof Error ? error.name : 'unknown'
}
