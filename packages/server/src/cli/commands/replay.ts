import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedriveError } from '@redrive/worker'
import type { Client } from '../client.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { ago, type Output, size } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { type SelectionOptions, selectionOf } from '../selection.ts'

interface Plan {
  readonly id: string
  readonly letters: number
  readonly bytes: number
  readonly pace: number
  readonly destination: 'lane' | 'origin'
  readonly expectedSeconds: number
  readonly oldestCapturedAt: string | null
  readonly skipped: Readonly<Record<string, number>>
  readonly places: readonly { readonly broker: string; readonly place: string; readonly letters: number }[]
  readonly digest: string
  readonly run: string | null
}

interface Run {
  readonly id: string
  readonly state: 'running' | 'done' | 'failed'
  readonly planned: number
  readonly progressed: number
  readonly skipped: number
  readonly sends: { readonly sent: number; readonly notSent: number; readonly uncertain: number }
  readonly outcomes: Readonly<Record<'pending' | 'confirmed' | 'returned' | 'presumed' | 'unknown', number>>
}

export function planCommand(
  query: readonly string[],
  options: GlobalOptions &
    SelectionOptions & {
      readonly to: 'lane' | 'origin'
      readonly pace: number
      readonly by?: string
      readonly reason?: string
      readonly requireMatch?: boolean
    },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const plan = await client.post<Plan>('/plans', {
      selection: await selectionOf(query, options),
      destination: options.to,
      pace: options.pace,
      by: options.by ?? defaultName(),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    })
    if (output.json) output.out(JSON.stringify(plan))
    else {
      showPlan(output, plan, nowMs)
      if (plan.letters === 0) output.say('Nothing to replay. Nothing was sent.')
      else output.say(`Nothing was sent. Carry it out with: redrive replay run ${plan.id}`)
    }
    return plan.letters === 0 && options.requireMatch ? exitCodes.nothingMatched : exitCodes.ok
  })
}

export function runCommand(
  id: string,
  options: GlobalOptions & {
    readonly yes?: boolean
    readonly expect?: number
    readonly by?: string
    readonly detach?: boolean
    readonly timeout: number
  },
): Promise<void> {
  return withOffice(options, async ({ client, output, nowMs }) => {
    const plan = await client.get<Plan>(`/plans/${encodeURIComponent(id)}`)
    if (!output.json) showPlan(output, plan, nowMs)
    const expect = await agreedCount(plan, options)
    if (expect === null) {
      output.say('Nothing was sent.')
      return exitCodes.ok
    }
    const run = await client.post<Run>(`/plans/${encodeURIComponent(id)}/run`, {
      by: options.by ?? defaultName(),
      expect,
    })
    if (options.detach) {
      output.out(output.json ? JSON.stringify(run) : `${run.id} started. Watch it: redrive replay watch ${run.id}`)
      return exitCodes.ok
    }
    return watch(client, output, { id: run.id, timeoutSeconds: options.timeout })
  })
}

export function watchCommand(id: string, options: GlobalOptions & { readonly timeout: number }): Promise<void> {
  return withOffice(options, ({ client, output }) => watch(client, output, { id, timeoutSeconds: options.timeout }))
}

function showPlan(output: Output, plan: Plan, nowMs: number): void {
  output.out(
    `${output.paint('bold', plan.id)}  ${plan.letters} letters, ${size(plan.bytes)}, oldest ${ago(plan.oldestCapturedAt, nowMs)}, ${plan.pace}/s, about ${plan.expectedSeconds} s`,
  )
  for (const { broker, place, letters } of plan.places) {
    const whom =
      plan.destination === 'lane' ? 'only the consumer that failed reads it' : 'everybody who reads it gets them'
    output.out(`  ${letters} to ${safeLine(place)} on ${safeLine(broker)}  (${whom})`)
  }
  for (const [reason, letters] of Object.entries(plan.skipped))
    output.out(`  ${letters} left out: ${skipText[reason] ?? reason}`)
  output.out(output.paint('dim', `  digest ${plan.digest.slice(0, 16)}`))
}

const skipText: Readonly<Record<string, string>> = {
  'not-open': 'not open (replayed, discarded or in another run)',
  missing: 'no such letters',
  'no-lane':
    'not written by @redrive/worker, so their consumer has no lane; --to origin sends them to where they came from',
  'origin-unknown': 'where they came from is not known',
  'no-broker': 'the office has no connection of that name',
}

/** How many letters the caller agreed to; `null` for no. Without a terminal the number has to be said. */
async function agreedCount(
  plan: Plan,
  options: { readonly yes?: boolean; readonly expect?: number },
): Promise<number | null> {
  if (options.expect !== undefined && options.yes) return options.expect
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new RedriveError('OPTION_INVALID', 'Without a terminal to ask on, a run needs --yes and --expect.', {
      hint: `redrive replay run ${plan.id} --yes --expect ${plan.letters}`,
    })
  }
  if (options.yes) return plan.letters
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await prompt.question(`Send ${plan.letters} letters? [y/N] `)
  prompt.close()
  return /^y(es)?$/i.test(answer.trim()) ? plan.letters : null
}

async function watch(
  client: Client,
  output: Output,
  options: { readonly id: string; readonly timeoutSeconds: number },
): Promise<number> {
  const untilMs = Date.now() + options.timeoutSeconds * 1_000
  const interrupted = (): void => {
    output.say(
      `\nWatching stopped; ${options.id} goes on in the office. Watch again: redrive replay watch ${options.id}`,
    )
    process.exit(exitCodes.interrupted)
  }
  process.once('SIGINT', interrupted)
  try {
    for (let shown = ''; ; ) {
      const run = await client.get<Run>(`/runs/${encodeURIComponent(options.id)}`)
      const line = progressLine(run)
      if (!output.json && line !== shown) output.say((shown = line))
      if (run.state !== 'running' && run.outcomes.pending === 0) return finish(output, run)
      if (Date.now() > untilMs) {
        output.say(
          `Still waiting for ${run.outcomes.pending} outcomes after ${options.timeoutSeconds} s. The run goes on.`,
        )
        if (output.json) output.out(JSON.stringify(run))
        return exitCodes.timeout
      }
      await sleep(300)
    }
  } finally {
    process.removeListener('SIGINT', interrupted)
  }
}

function progressLine({ id, state, progressed, planned, sends, outcomes }: Run): string {
  const uncertain = sends.uncertain === 0 ? '' : `, ${sends.uncertain} uncertain`
  return `${id} ${state}  ${progressed}/${planned} │ sent ${sends.sent}${uncertain} │ confirmed ${outcomes.confirmed}, returned ${outcomes.returned}, waiting ${outcomes.pending}`
}

function finish(output: Output, run: Run): number {
  const { outcomes, sends } = run
  if (output.json) output.out(JSON.stringify(run))
  else {
    output.out(
      `${outcomes.confirmed} confirmed, ${outcomes.returned} returned, ${outcomes.presumed} presumed, ${outcomes.unknown} unknown, ${sends.notSent} not sent`,
    )
    if (outcomes.returned > 0) output.say('Returned letters died again and are open: redrive causes')
  }
  const clean = outcomes.returned + outcomes.unknown + sends.uncertain + sends.notSent === 0
  return clean ? exitCodes.ok : exitCodes.unfinished
}
