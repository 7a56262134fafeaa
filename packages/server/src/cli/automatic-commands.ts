import { type Command, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

const tiers = ['transient', 'permanent', 'timeout', 'exhausted', 'unknown', 'malformed']

/** `automatic`, `automatic stop` and `automatic resume`. */
export function addAutomaticCommands(program: Command, { office }: CommandHelpers): void {
  const automatic = office(program.command('automatic'))
    .usage('[options]')
    .helpCommand(false)
    .description('what is sent again without a person, by queue and tier, and why nothing is sent now')
    .addHelpText(
      'after',
      `
Nothing is, until redrive.yaml says so:
  queues:
    orders:
      tiers:
        transient: { replay: { when: healthy, healthUrl: 'https://inventory.internal/health' } }
        permanent: { replay: { when: fixed } }

Examples:
  redrive automatic
  redrive automatic stop orders --tier transient --reason 'the inventory is moved tonight'
  redrive automatic resume orders --tier transient --reason 'moved'`,
    )
    .action(async (options) => (await import('./commands/automatic.ts')).automaticCommand(options))

  const changing = (name: string, description: string): Command =>
    office(automatic.command(`${name} <queue>`))
      .description(description)
      .addOption(new Option('--tier <tier>', 'of letters of this tier').choices(tiers).makeOptionMandatory())
      .requiredOption('--reason <text>', 'why, for the audit trail')
      .option('--by <name>', 'who does this (default: your user name)')

  changing(
    'stop',
    'send nothing more without a person until somebody resumes it; a run that goes on is cancelled',
  ).action(async (queue, options) =>
    (await import('./commands/automatic.ts')).automaticChangeCommand('stop', queue, options),
  )
  changing('resume', 'begin anew after a stop; runs that failed before do not count any more').action(
    async (queue, options) =>
      (await import('./commands/automatic.ts')).automaticChangeCommand('resume', queue, options),
  )
}
