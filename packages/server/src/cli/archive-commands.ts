import type { Command } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `archive list|verify|restore`. */
export function addArchiveCommands(program: Command, { office, selecting, wholeNumber }: CommandHelpers): void {
  const archive = program
    .command('archive')
    .description('letters that retention moved elsewhere: list, verify, restore')

  office(archive.command('list'))
    .description('archives, newest first: what lies in them, where, and when they were verified')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (options) => (await import('./commands/archives.ts')).archivesCommand(options))

  office(archive.command('verify [archive]'))
    .description('read every byte of an archive, or of all, and compare; exit 10 when anything is wrong')
    .action(async (id, options) => (await import('./commands/archives.ts')).verifyCommand(id, options))

  selecting(archive.command('restore [query...]'))
    .description('bring archived letters back as they were; their time begins anew')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .option('--expect <number>', 'restore none unless it is about so many letters (exit 7)', wholeNumber(0, 1_000_000))
    .addHelpText(
      'after',
      `
Examples:
  redrive letters 'state:archived key:order-4711'
  redrive archive restore 'key:order-4711' --reason 'the customer asks'
  redrive archive restore --cause c_7f3k… --reason 'they are to be replayed after all' --expect 120`,
    )
    .action(async (query, options) => (await import('./commands/archives.ts')).restoreCommand(query, options))
}
