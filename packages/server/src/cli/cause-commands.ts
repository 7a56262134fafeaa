import { type Command, Option } from 'commander'
import { againstOption } from './against-option.ts'
import { duration } from './duration.ts'
import type { CommandHelpers } from './repair-commands.ts'

const by = ['--by <name>', 'who does this (default: your user name)'] as const
/** `cause show` and all that is done with a cause. */
export function addCauseCommands(program: Command, { office, wholeNumber }: CommandHelpers): void {
  const cause = program
    .command('cause')
    .description(
      'one cause: show, common, ack, snooze, fix, reopen, assign, own, comment, link, unlink, history, merge, split',
    )
  const revision = [
    '--revision <number>',
    'the revision you have seen (cause show); another one refuses',
    wholeNumber(1, 2_147_483_647),
  ] as const
  const changing = (usage: string): Command =>
    office(cause.command(usage))
      .option(...by)
      .option(...revision)

  office(cause.command('show <id>'))
    .description('why letters are here, when, of which releases and hosts; who sees to it; a new cause is open then')
    .option(...by)
    .action(async (id, options) => (await import('./commands/causes.ts')).causeShowCommand(id, options))

  office(cause.command('common <id>'))
    .description('what its letters have in common that the other letters of its queue have less')
    .addOption(againstOption())
    .action(async (id, options) => (await import('./commands/in-common.ts')).causeCommonCommand(id, options))

  changing('ack <id>')
    .description('say that you work on it')
    .option('--note <text>', 'kept in its history')
    .action(async (id, options) => (await import('./commands/cause-life.ts')).ackCommand(id, options))

  changing('snooze <id>')
    .description('let it rest until the first of what you say is met; then it is open again')
    .option('--until <time>', 'until then, with its zone: 2026-12-01T09:00Z')
    .option('--for <time>', 'for so long: 30m, 12h, 3d, 2w', duration)
    .option('--letters <number>', 'until so many more letters have come', wholeNumber(1, 1_000_000_000))
    .option('--release <name>', 'until this release or a newer one fails')
    .requiredOption('--reason <text>', 'why, for its history')
    .addHelpText(
      'after',
      "\nExample: the partner mends it on Monday; a hundred more letters are too many\n  redrive cause snooze c_7f3k… --for 3d --letters 100 --reason 'partner mends it on Monday'",
    )
    .action(async (id, options) => (await import('./commands/cause-life.ts')).snoozeCommand(id, options))

  changing('fix <id>')
    .description('say that it is fixed; later letters may say otherwise: then it has regressed')
    .option('--in <release>', 'fixed in this release: only failures of it or of newer ones count')
    .option('--note <text>', 'kept in its history')
    .action(async (id, options) => (await import('./commands/cause-life.ts')).fixCommand(id, options))

  changing('reopen <id>')
    .description('back to open, from any other state')
    .option('--reason <text>', 'why, for its history')
    .action(async (id, options) => (await import('./commands/cause-life.ts')).reopenCommand(id, options))

  changing('assign <id> [person]')
    .description('who sees to it')
    .option('--nobody', 'nobody any more')
    .action(async (id, person, options) =>
      (await import('./commands/cause-life.ts')).assignCommand(id, person, options),
    )

  changing('own <id> [team]')
    .description("whose it is, in place of its queue's owner")
    .option('--queue', "the queue's owner again")
    .action(async (id, team, options) => (await import('./commands/cause-life.ts')).ownCommand(id, team, options))

  changing('comment <id> [text]')
    .description('say something about it; said once, never changed')
    .option('--file <file>', 'the text of a file; - reads standard input')
    .action(async (id, text, options) => (await import('./commands/cause-life.ts')).commentCommand(id, text, options))

  changing('link <id> <url>')
    .description('a page about it elsewhere: http or https')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['tracker', 'runbook', 'other']).default('other'))
    .option('--title <text>', 'its title')
    .action(async (id, url, options) => (await import('./commands/cause-life.ts')).linkCommand(id, url, options))

  changing('unlink <id>')
    .description('take a link off')
    .argument('<link>', 'its number, as in cause show', wholeNumber(1, 2_147_483_647))
    .action(async (id, link, options) => (await import('./commands/cause-life.ts')).unlinkCommand(id, link, options))

  office(cause.command('history <id>'))
    .description('what was done with it and said about it, newest first')
    .option('--comments', 'only what was said')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .option('--jsonl', 'one JSON object a line')
    .action(async (id, options) => (await import('./commands/cause-life.ts')).historyCommand(id, options))
}
