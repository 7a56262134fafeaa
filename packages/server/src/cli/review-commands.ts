import { type Command, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `review`. */
export function addReviewCommands(program: Command, { office }: CommandHelpers): void {
  office(program.command('review [week]'))
    .description('what came in, what became of it and what to decide: of the last seven days, or of a week')
    .addOption(
      new Option('--format <format>', 'how it is written').choices(['text', 'markdown', 'html']).default('text'),
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
}
