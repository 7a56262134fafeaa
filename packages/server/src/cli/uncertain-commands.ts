import { type Command, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `uncertain list` and `resolve`. */
export function addUncertainCommands(program: Command, { office, selecting, wholeNumber }: CommandHelpers): void {
  const pageSize = wholeNumber(1, 200)
  const uncertain = program
    .command('uncertain')
    .description('letters of which nobody knows whether their replay arrived: list, resolve')

  office(uncertain.command('list'))
    .description('why they are, what looking for them told, and whether that goes on')
    .option('--queue <name>', 'only of this queue')
    .option('--limit <number>', 'at most so many, up to 200', pageSize, 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (options) => (await import('./commands/uncertain.ts')).uncertainListCommand(options))

  selecting(uncertain.command('resolve [query...]'))
    .description('say what became of them; a query or a cause means its uncertain letters')
    .addOption(
      new Option(
        '--as <decision>',
        'sent: it arrived; not-sent: it did not, open it again; resend: nobody knows, open it, marked as a possible duplicate',
      )
        .choices(['sent', 'not-sent', 'resend'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--expect <number>',
      'letters you believe it is about; another number refuses',
      wholeNumber(1, 1_000_000),
    )
    .requiredOption('--reason <text>', 'how you know, for the audit trail')
    .addHelpText(
      'after',
      "\nExample: the consumer's log shows all three\n  redrive uncertain resolve 'queue:orders age:<1d' --as sent --expect 3 --reason 'seen in the log of reefer'",
    )
    .action(async (query, options) => (await import('./commands/uncertain.ts')).uncertainResolveCommand(query, options))
}
