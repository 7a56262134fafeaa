import type { Command } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `erase plan|run|show|list`. */
export function addEraseCommands(program: Command, { office, wholeNumber }: CommandHelpers): void {
  const erase = program.command('erase').description("erase a person's letters for good: plan, run, show, list")
  office(erase.command('plan [query...]'))
    .description('freeze which letters, in whatever state, and count what names the person elsewhere; erases none')
    .option('--key <text>', 'letters with this key, whole; also those of which an edit has it')
    .option('--ids-file <file>', 'letter ids, one a line; - reads standard input')
    .option('--by <name>', 'who does this (default: your user name)')
    .addHelpText(
      'after',
      `
What is asked for is kept as a hash; the text itself until the erasure is done, or for a day if it is never run.
Your shell keeps it too: see its history.

Examples:
  redrive erase plan --key customer-4711
  redrive erase plan 'queue:orders text:"anna@example.com"'
  redrive erase run z_5x… --reason 'request 17' --expect 12`,
    )
    .action(async (query, options) => (await import('./commands/erase.ts')).erasePlanCommand(query, options))
  office(erase.command('run <id>'))
    .description('erase what was planned, from the database, the archives and their files; cannot be undone')
    .requiredOption('--reason <text>', "why, kept for good: the number of the request, not the person's name")
    .option('--yes', 'do not ask')
    .option(
      '--expect <number>',
      'letters you believe are in it; another number refuses (needed without a terminal)',
      wholeNumber(1, 1_000_000),
    )
    .option('--also-words', 'replace it in comments and reasons that people wrote as well')
    .option('--by <name>', 'who does this (default: your user name)')
    .option('--detach', 'do not wait until it is done')
    .action(async (id, options) => (await import('./commands/erase.ts')).eraseRunCommand(id, options))
  office(erase.command('show <id>'))
    .description('how far it is: letters, archives, texts elsewhere, bytes in files; and what waits for whom')
    .action(async (id, options) => (await import('./commands/erase.ts')).eraseShowCommand(id, options))
  office(erase.command('list'))
    .description('erasures and plans of them, newest first')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (options) => (await import('./commands/erase.ts')).eraseListCommand(options))
}
