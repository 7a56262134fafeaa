import type { Command } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `retention` and `retention run`. */
export function addRetentionCommands(program: Command, { office, wholeNumber }: CommandHelpers): void {
  const retention = office(program.command('retention'))
    .usage('[options]')
    .helpCommand(false)
    .description('how long letters are kept, what ends next, and what is kept although its time is over')
    .option('--days <number>', 'look so far ahead', wholeNumber(0, 366), 14)
    .addHelpText(
      'after',
      `
Examples:
  redrive retention                              what ends within two weeks
  redrive queue document orders --keep-days 90   keep what was replayed or discarded for longer
  redrive retention run --reason 'the outage of May' --yes --expect 120000
                                                 more than the policy ends unasked`,
    )
    .action(async (options) => (await import('./commands/retention.ts')).retentionCommand(options))

  office(retention.command('run'))
    .description('end now what is due, however much it is; without it the office does so each hour, up to a fifth')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .option('--yes', 'do not ask')
    .option(
      '--expect <number>',
      'letters you believe are due; a twentieth more refuses (needed without a terminal)',
      wholeNumber(1, 2_147_483_647),
    )
    .option('--by <name>', 'who does this (default: your user name)')
    .option('--detach', 'do not wait until it is done')
    .action(async (options) => (await import('./commands/retention.ts')).retentionRunCommand(options))
}
