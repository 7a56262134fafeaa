import { counted, number, verb } from '../counted.ts'
import type { Review, ReviewedAutomatic, ReviewedRun } from '../review.ts'
import { type Block, heading, more, table, text } from './block.ts'

const columns = [
  'run',
  'by',
  'state',
  '#letters',
  '#sent',
  '#confirmed',
  '#came back',
  '#uncertain',
  'canary',
  'why it stopped',
] as const

/** Sums are of this time; the table says of each run what it did in all, for it tells how it ended. */
export function runBlocks({ runs, automatic }: Review): readonly Block[] {
  if (runs.count === 0) return [heading('Replays'), text('Nothing was replayed.')]
  const states = Object.entries(runs.byState).map(([state, count]) => `${number(count)} ${state}`)
  const halted =
    runs.halted === 0 ? '' : `; ${number(runs.halted)} had halted by ${verb(runs.halted, 'themselves', 'itself')}`
  return [
    heading('Replays'),
    text(
      `${counted(runs.count, 'run')} (${states.join(', ')}${halted}). Sent in this time: ${counted(runs.sent, 'letter')} (${number(runs.confirmed)} confirmed, ${number(runs.returned)} came back), and ${number(runs.uncertain)} uncertain.`,
    ),
    ...automatic.shown.map((policy) => text(automaticLine(policy))),
    ...more(automatic.count - automatic.shown.length, ['queue or tier by itself', 'queues or tiers by themselves']),
    ...table(columns, runs.shown.map(rowOf)),
    ...more(runs.ofPeople - runs.shown.length, ['run', 'runs']),
  ]
}

function rowOf(run: ReviewedRun): readonly string[] {
  const { state, haltedWhy, problem } = run
  const why = haltedWhy === problem ? [problem] : [haltedWhy, problem]
  return [
    run.id,
    run.by,
    haltedWhy === null || state === 'halted' ? state : `halted, ${state}`,
    number(run.letters),
    number(run.sent),
    number(run.confirmed),
    number(run.returned),
    number(run.uncertain),
    run.canary === 0 ? 'none' : (run.verdict ?? 'not judged'),
    why.filter((each) => each !== null).join('; ') || '–',
  ]
}

function automaticLine(policy: ReviewedAutomatic): string {
  const { queue, tier, runs, passed, failed, cancelled, sent, confirmed, returned, isStopped } = policy
  return `By itself, ${tier} letters of ${queue}: ${counted(runs, 'run')} (${passed} passed, ${failed} failed, ${cancelled} cancelled), ${counted(sent, 'letter')} sent, ${number(confirmed)} confirmed, ${number(returned)} came back${isStopped ? '; it is stopped now' : ''}.`
}
