import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `replay plan`, `run`, `watch`, `list`, `report`, `compare`, `pause`, `resume` and `cancel`. */
export function addReplayCommands(program: Command, { office, selecting, wholeNumber }: CommandHelpers): void {
  const pageSize = wholeNumber(1, 200)
  const seconds = wholeNumber(1, 86_400)
  const replay = program
    .command('replay')
    .description('send letters again: plan, run, watch, pause, resume, cancel, list, report, compare')

  selecting(replay.command('plan [query...]'))
    .description('freeze what would be sent and where; sends nothing')
    .addOption(
      new Option(
        '--to <destination>',
        'lane: only the consumer that failed; origin: everybody who reads it; BROKER:PLACE: another place of any connection',
      )
        .argParser(destination)
        .default('lane'),
    )
    .option('--pace <number>', 'letters a second', wholeNumber(1, 100_000), 50)
    .option('--canary <number>', 'so many go first and are judged by what becomes of them', wholeNumber(1, 1_000), 5)
    .option('--no-canary', 'without; it is recorded with the plan')
    .option('--verdict <seconds>', "wait so long for the canary (default: as the letters' own retries took)", seconds)
    .option('--ramp <seconds>', 'from a slow start to the pace in so many seconds', seconds, 30)
    .option('--no-ramp', 'at the pace from the start')
    .option('--ramp-from <number>', 'letters a second at first (default: a tenth of the pace)', wholeNumber(1, 100_000))
    .option('--halt-returned <percent>', 'halt when more of the last 200 return', wholeNumber(0, 100), 5)
    .option('--halt-in-a-row <number>', 'halt when so many return in a row', wholeNumber(1, 200), 5)
    .option('--halt-refused <number>', 'halt when so many in a row cannot be sent', wholeNumber(1, 100_000), 20)
    .option('--halt-late <seconds>', 'halt when nobody says so long what became of the oldest', seconds)
    .option('--no-halt-new', 'do not halt when something new comes back')
    .option('--no-halt', 'halt for nothing of the above; it is recorded with the plan')
    .option('--max-letters <number>', 'halt after so many', wholeNumber(1, 1_000_000))
    .option('--max-seconds <seconds>', 'halt after so long', seconds)
    .option('--max-hops <number>', 'leave out what died more often, over all its replays', wholeNumber(1, 1_000), 5)
    .option('--beyond-cap', 'also what died more often, and what came back from a replay just now')
    .option('--skip-superseded', 'leave out letters with a newer one of their key in their queue')
    .option('--with-held', 'also letters that are held behind others of their key')
    .option('--reason <text>', 'kept in the audit trail')
    .option('--require-match', 'exit 3 when nothing matches')
    .addHelpText(
      'after',
      '\nExample: what died of a cause, 5 letters first, then from 10 to 100 a second\n  redrive replay plan --cause c_7f3k… --canary 5 --ramp-from 10 --pace 100' +
        '\nExample: to the place of a new version, on a connection named rabbit\n  redrive replay plan --cause c_7f3k… --to rabbit:orders-v2',
    )
    .action(async (query, options) => (await import('./commands/replay-plan.ts')).planCommand(query, options))

  office(replay.command('run <plan>'))
    .description('carry a plan out, once, and follow it')
    .option('--yes', 'do not ask')
    .option(
      '--expect <number>',
      'letters you believe are in it; another number refuses (needed without a terminal)',
      wholeNumber(0, 1_000_000),
    )
    .option('--by <name>', 'who does this (default: your user name)')
    .option('--detach', 'do not wait for outcomes')
    .option('--timeout <seconds>', 'wait at most so long', seconds, 900)
    .action(async (id, options) => (await import('./commands/replay-run.ts')).runCommand(id, options))

  office(replay.command('watch <run>'))
    .description('follow a run until every outcome is known, or it is stopped')
    .option('--timeout <seconds>', 'wait at most so long', seconds, 900)
    .action(async (id, options) => (await import('./commands/replay-run.ts')).watchCommand(id, options))

  office(replay.command('list'))
    .description('runs, newest first')
    .option('--limit <number>', 'at most so many, up to 200', pageSize, 20)
    .action(async (options) => (await import('./commands/replay-list.ts')).listCommand(options))

  office(replay.command('report <run>'))
    .description('what a run did, like a receipt; or a row for each of its letters')
    .addOption(
      new Option('--format <format>', 'text: the receipt; json: an object a letter and line; csv: a row a letter')
        .choices(['text', 'json', 'csv'])
        .default('text'),
    )
    .option('--out <file>', 'into a file, which is there only when it is complete')
    .action(async (id, options) => (await import('./commands/replay-report.ts')).reportCommand(id, options))

  office(replay.command('compare <before> <after>'))
    .description('two runs side by side, and what changed for letters that were in both')
    .action(async (before, after, options) =>
      (await import('./commands/replay-compare.ts')).compareCommand(before, after, options),
    )

  for (const [what, description] of [
    ['pause', 'send nothing more; answers when nothing is on its way any more'],
    ['resume', 'go on, also despite the rule or the canary that stopped it'],
    ['cancel', 'end a run: what it has not sent is open again'],
  ] as const) {
    office(replay.command(`${what} <run>`))
      .description(description)
      .option('--by <name>', 'who does this (default: your user name)')
      .option('--reason <text>', 'kept in the audit trail')
      .action(async (id, options) => (await import('./commands/replay-stop.ts')).stopCommand(what, id, options))
  }
}

const destination = (text: string): 'lane' | 'origin' | { broker: string; place: string } => {
  if (text === 'lane' || text === 'origin') return text
  const [, broker, place] = /^([^:]+):(.+)$/s.exec(text) ?? []
  if (broker !== undefined && place !== undefined) return { broker, place }
  throw new InvalidArgumentError('lane, origin or BROKER:PLACE is wanted, as in kafka:orders-v2.')
}
