import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

const endings = ['delete', 'archive', 'keep']
const tiers = ['transient', 'permanent', 'malformed', 'timeout', 'exhausted', 'unknown']

/** `queue show`, `queue document` and `doctor`. */
export function addQueueCommands(program: Command, { office, wholeNumber }: CommandHelpers): void {
  const queue = program.command('queue').description('one queue: show, document')

  office(queue.command('show <name>'))
    .description('what people should know of it and who says so, its letters, tiers and causes, and what is missing')
    .action(async (name, options) => (await import('./commands/queue.ts')).queueShowCommand(name, options))

  office(queue.command('document <name>'))
    .description(
      'say what people should know of a queue, also before its first letter; what redrive.yaml says is changed there',
    )
    .option('--owner <team>', 'who looks after it; with --tier: after letters of this tier')
    .option('--contact <text>', 'how to reach them')
    .option('--source <text>', 'who produces its messages')
    .option('--success <text>', 'what it looks like when it works')
    .option('--failure <text>', 'what it looks like when it does not')
    .option('--runbook <text>', 'where to read what to do: an address, or the text itself')
    .option('--key <text>', 'what the key of its messages means')
    .option('--body-schema <file>', 'a JSON Schema that edited bodies have to fit; - reads standard input')
    .addOption(new Option('--tier <tier>', 'say it of letters of this tier').choices(tiers))
    .addOption(
      new Option(
        '--urgency <urgency>',
        'with --tier: page: now; ticket: at working hours; review: with the next review',
      ).choices(['page', 'ticket', 'review']),
    )
    .option('--process <text>', 'with --tier: what to do with its letters')
    .option('--keep-days <days>', 'keep letters so long after they were replayed or discarded', wholeNumber(7, 36_500))
    .addOption(new Option('--afterwards <action>', 'and then').choices(endings))
    .option(
      '--open-keep-days <days>',
      'keep open letters so long after anything happened to them',
      wholeNumber(7, 36_500),
    )
    .addOption(new Option('--open-afterwards <action>', 'and then').choices(endings))
    .addOption(
      new Option(
        '--never-looked-at <what>',
        'open letters of causes that nobody has looked at: keep, or end as all others',
      ).choices(['keep', 'end']),
    )
    .option('--most-letters <number>', 'how many letters it keeps, archived ones not counted', wholeNumber(1, 1e12))
    .option('--most-bytes <size>', 'how many bytes of letters it keeps, as 500MiB or 10GiB')
    .addOption(
      new Option(
        '--when-reached <action>',
        'push-back: letters wait at their sources; archive: the oldest that are done with are archived before',
      ).choices(['push-back', 'archive']),
    )
    .addOption(
      new Option(
        '--when-reached-open <what>',
        'with archive: archive-looked-at takes open letters of causes that somebody has looked at, too',
      ).choices(['keep', 'archive-looked-at']),
    )
    .option('--alert-open <number>', 'tell somebody at so many open letters, or off', numberOrOff)
    .option('--alert-age-hours <hours>', 'tell somebody when the oldest open letter is so old, or off', numberOrOff)
    .option(
      '--alert-death-percent <percent>',
      'tell somebody when so many percent of the messages die, by what workers report, or off',
      numberOrOff,
    )
    .option('--alert-death-least <number>', 'of so many messages or more', wholeNumber(1, 1_000_000))
    .addOption(
      new Option('--alert-growth <what>', 'tell somebody when letters come much faster').choices(['on', 'off']),
    )
    .addOption(
      new Option('--alert-silent <what>', 'when none come any more: on lists it, ticket tells somebody').choices([
        'on',
        'off',
        'ticket',
      ]),
    )
    .option('--clear <field>', 'take back what was said here; again for more', several)
    .option('--by <name>', 'who does this (default: your user name)')
    .option('--reason <text>', 'kept in the audit trail')
    .addHelpText(
      'after',
      `
Examples:
  redrive queue document orders --owner team-reefer --runbook https://wiki.internal/orders
  redrive queue document orders --tier malformed --urgency ticket --process 'fix with redrive transform, tell the shop'
  redrive queue document orders --tier malformed --clear urgency
  redrive queue document orders --keep-days 90 --afterwards archive
  redrive queue document orders --most-letters 100000 --most-bytes 10GiB
  redrive queue document orders --alert-open 5000 --alert-age-hours 8
  redrive queue document orders --tier malformed --alert-open 50`,
    )
    .action(async (name, options) => (await import('./commands/queue-document.ts')).queueDocumentCommand(name, options))

  office(program.command('doctor'))
    .description('what is wrong, or looked after by nobody, each with the command to type')
    .option('--older-than <days>', 'letters that are open so long and untouched are named', wholeNumber(1, 3_650), 7)
    .addOption(
      new Option('--fail-on <severity>', 'exit 10 when something as grave as that is found').choices([
        'problem',
        'warning',
        'advice',
      ]),
    )
    .action(async (options) => (await import('./commands/doctor.ts')).doctorCommand(options))
}

const several = (given: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), given]

/** What the API makes of it is the API's: it knows the bounds. */
function numberOrOff(given: string): number | 'off' {
  if (given === 'off') return given
  const number = Number(given)
  if (given.trim() !== '' && Number.isFinite(number)) return number
  throw new InvalidArgumentError('Give a number, or off.')
}
