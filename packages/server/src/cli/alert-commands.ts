import { type Command, Option } from 'commander'
import { pastTime } from './duration.ts'
import type { CommandHelpers } from './repair-commands.ts'

const tiers = ['transient', 'permanent', 'malformed', 'timeout', 'exhausted', 'unknown']

/** `alerts`, `alerts replay|test` and `alert show|ack|test`. */
export function addAlertCommands(program: Command, { office, wholeNumber }: CommandHelpers): void {
  const alerts = office(program.command('alerts'))
    .usage('[options]')
    .helpCommand(false)
    .description('what somebody is to see to, newest first; only what is not over')
    .option('--all', 'also those that are over')
    .addOption(new Option('--state <state>', 'only in this state').choices(['raised', 'acknowledged', 'resolved']))
    .option('--queue <name>', 'only of this queue')
    .option('--rule <rule>', 'only of this rule, as first-failure')
    .option('--jsonl', 'one JSON object a line')
    .option('--require-match', 'exit 3 when there is none')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (options) => (await import('./commands/alerts.ts')).alertsCommand(options))

  office(alerts.command('replay'))
    .description('what the rules of today would have said of a past time; writes nothing, tells nobody')
    .requiredOption('--from <time>', 'since then, with its zone: 2026-12-01T09:00Z; or so long ago: 12h, 3d', pastTime)
    .option('--to <time>', 'until then (default: now); at most 31 days', pastTime)
    .option('--rule <rule>', 'show only this rule')
    .option('--queue <name>', 'show only this queue')
    .addHelpText(
      'after',
      '\nExample: what a limit would have said, before it is set for good\n  redrive alerts replay --from 7d --rule depth',
    )
    .action(async (options) => (await import('./commands/alerts-replay.ts')).alertsReplayCommand(options))

  const alert = program.command('alert').description('one alert: show, ack; test who would be told')
  office(alert.command('show <id>'))
    .description('what it is about, and what was said of it to whom')
    .action(async (id, options) => (await import('./commands/alerts.ts')).alertShowCommand(id, options))
  office(alert.command('ack <id>'))
    .description('say that you see to it, and to its cause; nobody is told of it again')
    .option('--note <text>', 'kept in the history of the cause and in the audit trail')
    .option('--by <name>', 'who does this (default: your user name)')
    .action(async (id, options) => (await import('./commands/alerts.ts')).alertAckCommand(id, options))
  for (const parent of [alerts, alert]) addTest(parent)

  function addTest(parent: Command): void {
    office(parent.command('test [notifier]'))
      .description('have a test said by a notifier, or by all that would be told of an alert of a rule')
      .option('--rule <rule>', 'as if an alert of this rule was raised (default: first-failure)')
      .option('--queue <name>', 'as if it was of this queue')
      .addOption(new Option('--tier <tier>', 'as if it was of this tier').choices(tiers))
      .option('--owner <team>', 'as if it was of this team')
      .option('--by <name>', 'who does this (default: your user name)')
      .addHelpText(
        'after',
        '\nExamples:\n  redrive alerts test oncall\n  redrive alerts test --rule run-halted\n  redrive alerts test --queue orders --tier malformed',
      )
      .action(async (notifier, options) => (await import('./commands/alerts.ts')).alertTestCommand(notifier, options))
  }
}
