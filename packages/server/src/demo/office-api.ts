import type { Office } from '../office.ts'

/** The office as the demo sees it: over HTTP, with every figure read back from it. */
export interface OfficeApi {
  status(): Promise<{
    readonly letters: Readonly<Record<string, number>>
    readonly unaccounted: number
    readonly causes: number
  }>
  causes(): Promise<readonly CauseRow[]>
  /** @param canary letters that go first @default 5 */
  plan(
    cause: string,
    options: { readonly reason: string; readonly canary?: number },
  ): Promise<{ readonly id: string; readonly letters: number }>
  run(plan: string, expect: number): Promise<{ readonly id: string }>
  runView(id: string): Promise<RunView>
  cancel(id: string): Promise<RunView>
  /** All of them, the newest first. */
  alerts(): Promise<readonly AlertRow[]>
  /** Of the last seven days. */
  review(): Promise<ReviewView>
}

export interface CauseRow {
  readonly id: string
  readonly queue: string
  readonly tier: string
  readonly title: string
  readonly letters: number
  readonly open: number
}

export interface AlertRow {
  readonly id: string
  readonly rule: string
  readonly urgency: string
  readonly title: string
  readonly queue: string | null
  readonly owner: string | null
  readonly facts: readonly { readonly name: string; readonly value: string }[]
  readonly next: string | null
  readonly runbook: string | null
  readonly saidAt: string | null
}

export interface ReviewView {
  readonly headline: string
  readonly decisions: {
    readonly count: number
    readonly shown: readonly { readonly what: string; readonly why: string; readonly command: string }[]
  }
}

export interface RunView {
  readonly id: string
  readonly state: string
  readonly verdict: string | null
  readonly stopped: { readonly why: string; readonly advice: string | null } | null
  readonly planned: number
  readonly progressed: number
  readonly sends: { readonly sent: number; readonly notSent: number; readonly uncertain: number }
  readonly outcomes: Readonly<Record<'pending' | 'confirmed' | 'returned' | 'presumed' | 'unknown', number>>
}

export function officeApi(office: Pick<Office, 'url' | 'token'>): OfficeApi {
  const call = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${office.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${office.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T & { readonly detail?: string }
    if (!response.ok) throw new Error(`${method} ${path}: ${answer.detail ?? response.status}`)
    return answer
  }
  return {
    status: () => call('GET', '/status'),
    causes: async () => (await call<{ causes: readonly CauseRow[] }>('GET', '/causes?limit=200')).causes,
    plan: (cause, options) =>
      call('POST', '/plans', {
        selection: { cause },
        by: 'demo',
        pace: 200,
        rampSeconds: 2,
        ...options,
        // What a first replay could not mend goes again at once.
        beyondCap: true,
      }),
    run: (plan, expect) => call('POST', `/plans/${plan}/run`, { by: 'demo', expect }),
    runView: (id) => call('GET', `/runs/${id}`),
    alerts: async () => (await call<{ alerts: readonly AlertRow[] }>('GET', '/alerts?state=all&limit=200')).alerts,
    review: () => call('GET', '/review'),
    cancel: (id) => call('POST', `/runs/${id}/cancel`, { by: 'demo', reason: 'the fix is not deployed yet' }),
  }
}
