import { type Command, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `review` and `review schedule`. */
export function addReviewCommands(program: Command, { office }: CommandHelpers): void {
  const review = office(program.command('review [week]'))
    .usage('[options] [week]')
    .helpCommand(false)
    .description('what came in, what became of it and what to decide: of the last seven days, or of a week')
    .addOption(
      new Option('--format <format>', 'how it is written')
        .choices(['text', 'markdown', 'html', 'json'])
        .default('text'),
    )
    .option('--list', 'weeks of which a review is kept')
    .addHelpText(
      'after',
      `
Examples:
  redrive review                                 the last seven days
  redrive review last                            the last whole week; it stays as it was made first
  redrive review 2026-W47 --format markdown      for a tracker or a chat
  redrive review last --format html >week.html`,
    )
    .action(async (week, options) => (await import('./commands/review.ts')).reviewCommand(week, options))

  office(review.command('schedule'))
    .description(
      'when the review of a week is sent and to whom; with a field, say so: what redrive.yaml says is changed there',
    )
    .option('--at <time>', "day and time, as 'mon 08:00'")
    .option('--zone <zone>', 'where: weeks begin on Monday at midnight there, as Europe/Zurich')
    .option('--notify <name>', 'a notifier that it is sent to; again for more', several)
    .option('--clear <field>', 'take back what was said here; again for more', several)
    .option('--by <name>', 'who does this (default: your user name)')
    .option('--reason <text>', 'kept in the audit trail')
    .addHelpText(
      'after',
      `
Examples:
  redrive review schedule
  redrive review schedule --at 'mon 08:00' --zone Europe/Zurich --notify team
  redrive review schedule --clear notify`,
    )
    .action(async (options) => (await import('./commands/review-schedule.ts')).reviewScheduleCommand(options))
}

const several = (given: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), given]
