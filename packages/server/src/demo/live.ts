import { createInterface } from 'node:readline'
import { systemClock } from '@redrive/worker'
import type { Narrator } from './narrator.ts'
import type { CauseRow } from './office-api.ts'
import type { Scenario } from './scenario.ts'
import { showFirstPage } from './show-page.ts'
import { showReview } from './show-review.ts'

/** The demo for a person: orders fail, the office fills, and whoever watches repairs and replays in their own time. */
export async function runLive(
  scenario: Scenario,
  options: {
    readonly orders: number
    readonly narrator: Narrator
    readonly command: string
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { narrator, command, signal } = options
  let fixed = false
  const watchPage = (): { readonly page: Promise<void>; isOver(): void } => {
    const over = new AbortController()
    const since = new Date().toISOString()
    const page = showFirstPage(scenario, { narrator, since, command, signal: AbortSignal.any([signal, over.signal]) })
    return { page, isOver: () => over.abort() }
  }
  const showAll = async (): Promise<void> => {
    const causes = await showCauses(scenario, narrator)
    await showReview(scenario, { narrator, command })
    showNext(causes, { narrator, command, fixed })
  }
  const produce = async (): Promise<void> => {
    const { page, isOver } = watchPage()
    const produced = await scenario.produce(options.orders)
    narrator.say(
      `${produced} orders are in the queue; release ${fixed ? '1.4.1' : '1.4.0'} of the reefer worker handles them`,
    )
    await scenario.settled(signal)
    await systemClock.sleep(1_500, signal)
    isOver()
    await page
    if (!signal.aborted) await showAll()
  }
  const fix = async (): Promise<void> => {
    if (fixed) return narrator.say('it is repaired already')
    await scenario.fix()
    fixed = true
    narrator.chapter('The inventory is repaired, release 1.4.1 is deployed')
    await showAll()
  }
  narrator.chapter('A day of orders')
  let busy = produce()
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const word = line.trim().toLowerCase()
    const work = word === 'fix' ? fix : word === 'orders' ? produce : null
    if (work === null) return narrator.say('type fix to repair what is broken, orders for more orders, Ctrl-C to end')
    busy = busy
      .then(work)
      .catch((error: unknown) => narrator.say(error instanceof Error ? error.message : String(error)))
  })
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  lines.close()
  await busy.catch(() => undefined)
}

async function showCauses(scenario: Scenario, narrator: Narrator): Promise<readonly CauseRow[]> {
  const causes = (await scenario.api.causes()).filter(({ open }) => open > 0)
  narrator.chapter(causes.length === 0 ? 'Nothing is open' : 'Why orders died')
  for (const { open, tier, title, id } of causes)
    narrator.say(`${String(open).padStart(3)} open  ${tier.padEnd(9)} ${title}  (${id})`)
  return causes
}

function showNext(
  causes: readonly CauseRow[],
  { narrator, command, fixed }: { readonly narrator: Narrator; readonly command: string; readonly fixed: boolean },
): void {
  const [first] = causes.filter(({ tier }) => tier !== 'malformed')
  const malformed = causes.find(({ tier }) => tier === 'malformed')
  const next = fixed
    ? [
        first === undefined ? '' : `${command} replay plan --cause ${first.id}     then run the plan it names`,
        malformed === undefined
          ? ''
          : `${command} discard --cause ${malformed.id} --reason "body cut by the old gateway"`,
        `${command} ledger`,
      ]
    : [
        `${command} causes`,
        first === undefined ? '' : `${command} cause show ${first.id}`,
        `${command} letters tier:permanent`,
      ]
  narrator.chapter('Type in another terminal, in this folder')
  for (const line of next) if (line !== '') process.stderr.write(`         ${line}\n`)
  process.stderr.write(
    `\n         here: ${fixed ? '' : 'fix + Enter repairs the inventory and deploys the release without the bugs; '}orders + Enter sends more; Ctrl-C ends\n`,
  )
}
