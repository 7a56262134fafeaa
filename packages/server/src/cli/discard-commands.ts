import { type Command, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `discard` and `discards list|show|run|undo`. */
export function addDiscardCommands(program: Command, { office, selecting, wholeNumber }: CommandHelpers): void {
  const expected = wholeNumber(0, 1_000_000)
  selecting(program.command('discard [query...]'))
    .description('end letters on purpose; for seven days it can be undone, and their bytes are kept')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .addOption(
      // The number belongs to the run: it is what the plan says.
      new Option('--plan', 'only freeze which letters, and say what they are; end none').conflicts('expect'),
    )
    .option('--expect <number>', 'end none unless it is about so many letters (exit 7)', expected)
    .addHelpText(
      'after',
      `
Examples:
  redrive discard tier:malformed --reason 'body cut by the old gateway' --plan
  redrive discards run d_5x…                     what was planned, these letters and no others
  redrive discard --ids-file - --reason 'test orders' --expect 12 <ids.txt
  redrive discards undo d_5x… --reason 'they were no test orders'`,
    )
    .action(async (query, options) => (await import('./commands/discards.ts')).discardCommand(query, options))

  const discards = program.command('discards').description('letters that were ended on purpose: list, show, run, undo')
  office(discards.command('list'))
    .description('what was discarded or planned to be, newest first')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (options) => (await import('./commands/discards.ts')).discardsCommand(options))
  office(discards.command('show <id>'))
    .description('which letters, why, by whom, and until when it can be undone')
    .action(async (id, options) => (await import('./commands/discards.ts')).discardShowCommand(id, options))
  office(discards.command('run <id>'))
    .description('do what was planned, all of it or nothing')
    .option('--expect <number>', 'end none unless it is about so many letters (exit 7)', expected)
    .option('--by <name>', 'who does this (default: your user name)')
    .action(async (id, options) => (await import('./commands/discards.ts')).discardRunCommand(id, options))
  office(discards.command('undo <id>'))
    .description('its letters are again what they were')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .option('--by <name>', 'who does this (default: your user name)')
    .action(async (id, options) => (await import('./commands/discards.ts')).discardUndoCommand(id, options))
}
