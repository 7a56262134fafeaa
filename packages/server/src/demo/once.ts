import { systemClock } from '@redrive/worker'
import type { Narrator } from './narrator.ts'
import type { CauseRow, RunView } from './office-api.ts'
import type { Scenario } from './scenario.ts'
import { showFirstPage } from './show-page.ts'
import { showReview } from './show-review.ts'

/** The figures of one unattended demo, read back from the office; differences to what it held before. */
export interface Figures {
  readonly produced: number
  readonly captured: number
  readonly causes: number
  readonly replayed: number
  readonly confirmed: number
  readonly returned: number
  readonly open: number
  readonly unaccounted: number
  readonly seconds: number
}

/** Produce, fail, capture, fix, replay by cause, wait for outcomes, check the books. */
export async function runOnce(
  scenario: Scenario,
  options: {
    readonly orders: number
    readonly startedMs: number
    readonly narrator: Narrator
    readonly command: string
    readonly signal: AbortSignal
  },
): Promise<{ readonly figures: Figures; readonly balanced: boolean }> {
  const { api } = scenario
  const { narrator, command, signal } = options
  const before = await snapshot(scenario)
  const paging = new AbortController()
  const page = showFirstPage(scenario, {
    narrator,
    command,
    since: new Date().toISOString(),
    signal: AbortSignal.any([signal, paging.signal]),
  })
  narrator.chapter('A day of orders')
  const produced = await scenario.produce(options.orders)
  narrator.say(`${produced} orders are in the queue; release 1.4.0 of the reefer worker handles them`)
  await scenario.settled(signal)
  await capturedAll(scenario, signal)
  paging.abort()
  await page
  const failed = grown(await api.causes(), before.causes)

  narrator.chapter('Why they died')
  for (const cause of failed)
    narrator.say(`${String(cause.open).padStart(3)} open  ${cause.tier.padEnd(9)} ${cause.title}  (${cause.id})`)

  const runs: RunView[] = [...(await tooEarly(scenario, { failed, narrator, signal }))]

  narrator.chapter('The inventory is repaired, release 1.4.1 is deployed')
  await scenario.fix()
  for (const cause of failed) {
    if (cause.tier === 'malformed') {
      narrator.say(`left open: ${letters(cause.open)} of ${cause.id}, whose bodies are broken; no release reads those`)
      continue
    }
    const plan = await api.plan(cause.id, { reason: 'the cause is fixed in release 1.4.1' })
    const { id } = await api.run(plan.id, plan.letters)
    const run = await outcomes(scenario, id, signal)
    narrator.say(
      `${run.id}: ${letters(run.planned)} of ${cause.id} replayed${run.verdict === 'pass' ? ', the canary first' : ''}, ${run.outcomes.confirmed} confirmed, ${run.outcomes.returned} returned`,
    )
    runs.push(run)
  }
  await showReview(scenario, { narrator, command })
  const after = await snapshot(scenario)
  const sum = (of: (run: RunView) => number): number => runs.reduce((total, run) => total + of(run), 0)
  const figures: Figures = {
    produced,
    captured: after.captured - before.captured,
    causes: failed.length,
    replayed: sum(({ sends }) => sends.sent),
    confirmed: sum((run) => run.outcomes.confirmed),
    returned: sum((run) => run.outcomes.returned),
    open: after.open - before.open,
    unaccounted: after.unaccounted,
    seconds: Math.round((performance.now() - options.startedMs) / 100) / 10,
  }
  const unresolved = sum(
    ({ sends, outcomes: { pending, unknown } }) => sends.uncertain + sends.notSent + pending + unknown,
  )
  // Every letter captured here is either replayed or still open, and every replay has a known end.
  const balanced =
    figures.unaccounted === 0 &&
    unresolved === 0 &&
    figures.captured > 0 &&
    figures.captured === figures.replayed + figures.open &&
    figures.replayed === figures.confirmed + figures.returned
  return { figures, balanced }
}

/** Somebody replays before the fix is out: two letters die again, the others never leave the office. */
async function tooEarly(
  scenario: Scenario,
  options: { readonly failed: readonly CauseRow[]; readonly narrator: Narrator; readonly signal: AbortSignal },
): Promise<readonly RunView[]> {
  const { api } = scenario
  const { failed, narrator, signal } = options
  const cause = failed.find(({ tier, open }) => tier === 'permanent' && open > canary)
  if (cause === undefined) return []
  narrator.chapter('A replay before the fix')
  const plan = await api.plan(cause.id, { reason: 'is it better now?', canary })
  const { id } = await api.run(plan.id, plan.letters)
  const run = await outcomes(scenario, id, signal)
  narrator.say(`${run.id}: ${run.state}, ${run.stopped?.why ?? `verdict ${run.verdict}`}`)
  if (run.stopped?.advice) narrator.say(`        ${run.stopped.advice}`)
  if (run.state === 'done') return [run]
  const cancelled = await api.cancel(id)
  narrator.say(`${run.id}: cancelled; never sent and open again: ${letters(run.planned - run.progressed)}`)
  await capturedAll(scenario, signal)
  return [cancelled]
}

const letters = (count: number): string => `${count} ${count === 1 ? 'letter' : 'letters'}`

const canary = 2

interface Snapshot {
  readonly captured: number
  readonly open: number
  readonly unaccounted: number
  readonly causes: ReadonlyMap<string, number>
}

async function snapshot({ api }: Scenario): Promise<Snapshot> {
  const [status, causes] = await Promise.all([api.status(), api.causes()])
  return {
    captured: Object.values(status.letters).reduce((sum, letters) => sum + letters, 0),
    open: status.letters['open'] ?? 0,
    unaccounted: status.unaccounted,
    causes: new Map(causes.map(({ id, letters }) => [id, letters])),
  }
}

function grown(causes: readonly CauseRow[], before: ReadonlyMap<string, number>): readonly CauseRow[] {
  return causes.filter(({ id, letters }) => letters > (before.get(id) ?? 0))
}

/** Captured has stopped growing for a while: the office has read all of the dead-letter place. */
async function capturedAll(scenario: Scenario, signal: AbortSignal): Promise<void> {
  for (let quiet = 0, last = -1; quiet < 8 && !signal.aborted; ) {
    await systemClock.sleep(250, signal)
    const { captured } = await snapshot(scenario)
    quiet = captured === last && captured > 0 ? quiet + 1 : 0
    last = captured
  }
}

async function outcomes({ api }: Scenario, id: string, signal: AbortSignal): Promise<RunView> {
  const untilMs = performance.now() + outcomePatienceMs
  for (;;) {
    const run = await api.runView(id)
    const waiting = run.state === 'running' || run.outcomes.pending > 0
    if (!waiting || signal.aborted || performance.now() > untilMs) return run
    await systemClock.sleep(200, signal)
  }
}

const outcomePatienceMs = 120_000
