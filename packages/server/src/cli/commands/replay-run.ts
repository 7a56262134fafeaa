import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedriveError } from '@redrive/worker'
import type { Client } from '../client.ts'
import { defaultName, type GlobalOptions, withOffice } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { safeLine } from '../safe-text.ts'
import { type Plan, type Run, showPlan } from './replay-views.ts'

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
  const untilMs = performance.now() + options.timeoutSeconds * 1_000
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
      const isOver = run.state === 'done' || run.state === 'cancelled'
      if (isOver ? run.outcomes.pending === 0 : run.state !== 'running') return finish(output, run)
      if (performance.now() > untilMs) {
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

function progressLine({ id, state, stage, progressed, planned, sends, outcomes }: Run): string {
  const uncertain = sends.uncertain === 0 ? '' : `, ${sends.uncertain} uncertain`
  return `${id} ${state === 'running' ? stage : state}  ${progressed}/${planned} │ sent ${sends.sent}${uncertain} │ confirmed ${outcomes.confirmed}, returned ${outcomes.returned}, waiting ${outcomes.pending}`
}

/** A run that a rule or the canary stopped is not over, but nothing happens until somebody decides. */
function finish(output: Output, run: Run): number {
  const { outcomes, sends, stopped } = run
  if (output.json) output.out(JSON.stringify(run))
  else {
    output.out(
      `${outcomes.confirmed} confirmed, ${outcomes.returned} returned, ${outcomes.presumed} presumed, ${outcomes.unknown} unknown, ${sends.notSent} not sent`,
    )
    if (stopped !== null)
      output.say(safeLine(`The run is ${run.state}: ${stopped.why}. ${stopped.advice ?? ''}`.trimEnd()))
    if (run.state === 'halted' || run.state === 'paused')
      output.say(
        `${run.planned - run.progressed} letters are still to be sent: redrive replay resume ${run.id}, or redrive replay cancel ${run.id}`,
      )
    if (outcomes.returned > 0) output.say('Returned letters died again and are open: redrive causes')
  }
  if (run.state === 'halted' || (run.state === 'paused' && stopped?.rule)) return exitCodes.halted
  const isClean = outcomes.returned + outcomes.unknown + sends.uncertain + sends.notSent === 0
  return isClean && run.state === 'done' ? exitCodes.ok : exitCodes.unfinished
}
