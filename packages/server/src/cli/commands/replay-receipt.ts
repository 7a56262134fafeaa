import { safeLine } from '../safe-text.ts'
import { controlLines, paceText, type Report, type Results } from './replay-views.ts'

/** A run as a receipt, line by line, safe for a terminal. */
export function receiptOf({ run, plan, events, seconds, causes, destinations }: Report): readonly string[] {
  return [
    `Replay ${run.id}: ${run.state}${run.verdict === null ? '' : `, canary: ${run.verdict}`}`,
    `  by          ${safeLine(run.startedBy)}`,
    `  why         ${plan.reason === null ? 'no reason was given' : safeLine(plan.reason)}`,
    `  plan        ${plan.id}, frozen ${plan.cutoff} by ${safeLine(plan.createdBy)}`,
    `  digest      ${plan.digest}`,
    `  started     ${run.startedAt}`,
    `  ended       ${run.finishedAt ?? 'not yet'}`,
    `  sending     ${secondsText(seconds.sending)}`,
    `  outcomes    ${secondsText(seconds.outcomes)}`,
    `  pace        ${paceText(plan)}`,
    ...controlLines(plan).map((line) => `  control     ${line}`),
    ...(run.stopped === null ? [] : [`  stopped     ${safeLine(run.stopped.why)}`]),
    '',
    'Letters',
    `  planned     ${run.planned}`,
    `  taken up    ${run.progressed}`,
    `  sent        ${run.sends.sent}`,
    `  not sent    ${run.sends.notSent}`,
    `  uncertain   ${run.sends.uncertain}`,
    `  confirmed   ${run.outcomes.confirmed}`,
    `  returned    ${run.outcomes.returned}`,
    `  presumed    ${run.outcomes.presumed}`,
    `  unknown     ${run.outcomes.unknown}`,
    `  waiting     ${run.outcomes.pending}`,
    ...Object.entries(plan.skipped).map(([reason, letters]) => `  left out    ${letters} (${safeLine(reason)})`),
    '',
    'By cause',
    ...causes.map(
      ({ cause, title, results }) =>
        `  ${cause ?? 'all others'}  ${resultsText(results)}${title === null ? '' : `  ${safeLine(title)}`}`,
    ),
    '',
    'By destination',
    ...destinations.map(
      ({ broker, place, results }) => `  ${safeLine(place)} on ${safeLine(broker)}  ${resultsText(results)}`,
    ),
    '',
    'What happened',
    ...events.map(
      ({ at, actor, action, reason, rule }) =>
        `  ${at}  ${safeLine(action)} by ${safeLine(actor)}${rule === null ? '' : ` (${safeLine(rule)})`}${reason === null ? '' : `: ${safeLine(reason)}`}`,
    ),
  ]
}

function secondsText(seconds: number | null): string {
  return seconds === null ? 'nothing yet' : `${seconds.toFixed(1)} s after the start the last`
}

function resultsText(results: Results): string {
  const named = [
    [results.confirmed, 'confirmed'],
    [results.returned, 'returned'],
    [results.presumed, 'presumed'],
    [results.unknown, 'unknown'],
    [results.pending, 'waiting'],
    [results.notSent, 'not sent'],
    [results.waiting, 'not taken up'],
  ] as const
  const told = named.flatMap(([letters, name]) => (letters === 0 ? [] : [`${letters} ${name}`]))
  return `${results.letters} letters: ${told.join(', ')}`
}
