import { setTimeout as sleep } from 'node:timers/promises'
import { type OfficeClient, Refused } from './office-client.ts'
import { randomPlan, wholePlan } from './random-plan.ts'

/** Somebody who replays whatever is open, changes his mind all the time, and talks to an office that keeps dying. */
export interface Operator {
  /** The last answer of the office; throws while it does not answer. */
  status(): Promise<OfficeStatus>
  /** From now on only what brings everything to its end: no more stops, canaries or discards. */
  finish(): void
  stop(): Promise<void>
  readonly stops: readonly Stop[]
  /** What the office answered with success, by name. */
  readonly orders: Readonly<Record<string, number>>
}

/** A run that was told to stop, and said that it did. */
export interface Stop {
  /** As people see it. */
  readonly run: string
  readonly what: 'pause' | 'cancel'
  readonly acknowledgedAtMs: number
  /** Letters it had taken up by then; nothing beyond them may be sent while it is stopped. */
  readonly progressed: number
  /** When it was told to go on; `null`: never. */
  resumedAtMs: number | null
}

export interface OfficeStatus {
  readonly letters: Readonly<Record<string, number>>
  readonly unaccounted: number
}

interface Run {
  readonly id: string
  readonly state: 'running' | 'paused' | 'halted' | 'cancelled' | 'done'
  readonly progressed: number
}

export function startOperator(office: OfficeClient, random: () => number): Operator {
  const stops: Stop[] = []
  const orders: Record<string, number> = {}
  let stopping = false
  let finishing = false
  const by = 'torture'
  const count = (what: string): void => {
    orders[what] = (orders[what] ?? 0) + 1
  }

  const plan = async (): Promise<void> => {
    const { causes } = await office.get<{ causes: { id: string; open: number }[] }>('/causes?limit=200')
    for (const { id, open } of causes) {
      if (open === 0) continue
      const control = finishing ? wholePlan : randomPlan(random)
      const made = await office.post<{ id: string; letters: number }>('/plans', {
        selection: { cause: id },
        by,
        ...control,
      })
      if (made.letters === 0) continue
      await office.post(`/plans/${made.id}/run`, { by, expect: made.letters })
      count('run')
    }
  }
  const stop = async (run: Run, what: Stop['what']): Promise<void> => {
    const { progressed } = await office.post<Run>(`/runs/${run.id}/${what}`, { by })
    stops.push({ run: run.id, what, acknowledgedAtMs: Date.now(), progressed, resumedAtMs: null })
    count(what)
  }
  const resume = async (run: Run): Promise<void> => {
    // It may go on before the answer is here, and even when none comes.
    const askedAtMs = Date.now()
    for (const each of stops) if (each.run === run.id) each.resumedAtMs ??= askedAtMs
    await office.post(`/runs/${run.id}/resume`, { by })
    count('resume')
  }
  const control = async (): Promise<void> => {
    // A run that waits for somebody is not seen among many newer ones.
    const runs: Run[] = []
    for (const state of ['running', 'paused', 'halted'])
      runs.push(...(await office.get<{ runs: Run[] }>(`/runs?limit=200&state=${state}`)).runs)
    for (const run of runs) {
      const dice = random()
      if (run.state === 'running' && !finishing) {
        if (dice < 0.2) await stop(run, 'pause')
        else if (dice < 0.27) await stop(run, 'cancel')
      } else if (run.state === 'paused' || run.state === 'halted') {
        if (finishing || dice < 0.7) await resume(run)
        else if (dice < 0.85) await stop(run, 'cancel')
      }
    }
  }
  const letters = async (state: string): Promise<readonly string[]> => {
    const found = await office.get<{ letters: { id: string }[] }>(`/letters?limit=20&q=${encodeURIComponent(state)}`)
    return found.letters.map(({ id }) => id)
  }
  const discard = async (): Promise<void> => {
    // Also letters under replay: those must be left alone.
    const chosen = [...(await letters('state:open')).slice(0, 1), ...(await letters('state:replaying')).slice(0, 2)]
    if (chosen.length === 0) return
    await office.post('/discards', { selection: { letters: chosen }, by, reason: 'a torture' })
    count('discard')
  }
  const edit = async (): Promise<void> => {
    const [letter] = await letters('state:open')
    if (letter === undefined) return
    const patch = JSON.stringify([{ op: 'add', path: '/edited', value: Math.floor(random() * 1_000) }])
    await office.post(`/letters/${letter}/versions`, { patch, by, reason: 'a torture' })
    count('edit')
  }
  /** The office was killed, or somebody was quicker: the next round begins anew. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (error instanceof Refused && error.status === 400) throw error
    }
  }
  const loop = async (): Promise<void> => {
    while (!stopping) {
      await attempt(control)
      if (!finishing && random() < 0.1) await attempt(discard)
      if (!finishing && random() < 0.1) await attempt(edit)
      if (finishing || random() < 0.6) await attempt(plan)
      await sleep(finishing ? 300 : 100 + random() * 200)
    }
  }
  const running = loop()
  // Told by `stop`, not by an unhandled rejection in the middle of a run.
  running.catch(() => undefined)
  return {
    status: () => office.get('/status'),
    finish: () => {
      finishing = true
    },
    async stop() {
      stopping = true
      await running
    },
    stops,
    orders,
  }
}
