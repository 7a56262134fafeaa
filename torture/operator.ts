import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Somebody who replays whatever is open, again and again, through an office that keeps dying. */
export interface Operator {
  /** The last answer of the office; throws while it does not answer. */
  status(): Promise<OfficeStatus>
  causes(): Promise<readonly { readonly id: string; readonly open: number }[]>
  stop(): Promise<void>
}

export interface OfficeStatus {
  readonly letters: Readonly<Record<string, number>>
  readonly unaccounted: number
}

export function startOperator(dataDir: string): Operator {
  let stopping = false
  const call = async <T>(method: 'GET' | 'POST', route: string, body?: unknown): Promise<T> => {
    const file = path.join(dataDir, 'office.json')
    if (!existsSync(file)) throw new Error('the office is not up')
    const { url, token } = JSON.parse(readFileSync(file, 'utf8')) as { url: string; token: string }
    const response = await fetch(`${url}/api/v1${route}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T
    if (!response.ok) throw new Error(`${route}: ${JSON.stringify(answer)}`)
    return answer
  }
  const causes = async (): Promise<readonly { id: string; open: number }[]> =>
    (await call<{ causes: { id: string; open: number }[] }>('GET', '/causes?limit=200')).causes
  const loop = async (): Promise<void> => {
    while (!stopping) {
      try {
        for (const { id, open } of await causes()) {
          if (open === 0) continue
          const plan = await call<{ id: string; letters: number }>('POST', '/plans', {
            selection: { cause: id },
            by: 'torture',
            pace: 2_000,
            canary: 0,
            rampSeconds: 0,
            beyondCap: true,
            halt: { returnedPercent: null, returnedInARow: null, newCause: false, notSentInARow: null },
          })
          if (plan.letters > 0) await call('POST', `/plans/${plan.id}/run`, { by: 'torture', expect: plan.letters })
        }
      } catch {
        // The office was killed, or a letter changed between plan and run: the next round plans anew.
      }
      await sleep(300)
    }
  }
  const running = loop()
  return {
    status: () => call('GET', '/status'),
    causes,
    async stop() {
      stopping = true
      await running
    },
  }
}
