#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander'
import { version } from '../version.ts'
import { againstOption } from './against-option.ts'
import { addAlertCommands } from './alert-commands.ts'
import { addArchiveCommands } from './archive-commands.ts'
import { addAutomaticCommands } from './automatic-commands.ts'
import { addCauseCommands } from './cause-commands.ts'
import { addDiscardCommands } from './discard-commands.ts'
import { addEraseCommands } from './erase-commands.ts'
import { exitCodes } from './exit-codes.ts'
import { tooOldFor } from './node-version.ts'
import { addQueueCommands } from './queue-commands.ts'
import { addRepairCommands } from './repair-commands.ts'
import { addReplayCommands } from './replay-commands.ts'
import { addRetentionCommands } from './retention-commands.ts'
import { addReviewCommands } from './review-commands.ts'
import { addRuleCommands } from './rule-commands.ts'
import { addTokenCommands } from './token-commands.ts'
import { topics } from './topics.ts'
import { addUncertainCommands } from './uncertain-commands.ts'

/**
 * The command line. Each command's code is loaded when it runs, so that `--help` stays quick. All commands but `serve` and `demo`
 * reach the office over HTTP, like anybody.
 */
const program = new Command('redrive')
  .description('The dead letter office: find why messages died, fix it, replay them safely.')
  .version(version)
  .showSuggestionAfterError()
  // Options after the name of a command are its own: `alerts` and `alerts replay` have some of the same names.
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(withTry(text)) })
  // Before the code of a command is loaded, which an older Node cannot even read.
  .hook('preAction', () => {
    const why = tooOldFor(process.versions.node)
    if (why === null) return
    process.stderr.write(`error: ${why}\n`)
    process.exit(exitCodes.usage)
  })
  .addHelpText(
    'after',
    `
Examples:
  redrive demo                                   a whole story on this machine, in a minute
  redrive serve                                  run the office (redrive.yaml says what it captures)
  redrive causes                                 why letters died, most recent first
  redrive letters 'queue:orders tier:transient age:<2h'
  redrive replay plan --cause c_7f3k…            freeze what would be sent; sends nothing
  redrive replay run p_81x…                      send it, and follow what becomes of it

More: redrive help COMMAND | query | exit-codes | environment
In a clone of the repository, redrive is: npm run -s redrive --`,
  )

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is wanted.`)
  }
const port = wholeNumber(0, 65_535)
const pageSize = wholeNumber(1, 200)

const office = (command: Command): Command =>
  command
    .option('--json', 'print the answer as JSON')
    .option('--data <folder>', 'data folder of a local office (default: .redrive here or above)')
const selecting = (command: Command): Command =>
  office(command)
    .option('--cause <id>', 'all open letters of a cause')
    .option('--ids-file <file>', 'letter ids, one a line; - reads standard input')
    .option('--by <name>', 'who does this (default: your user name)')

program
  .command('serve')
  .description('run the office: capture, causes, replay and the API')
  .option('--config <file>', 'configuration (default: redrive.yaml if there is one)')
  .option('--data <folder>', 'data folder (default: .redrive)')
  .option('--port <number>', 'port of the API on 127.0.0.1 (default: 7070; 0 takes any)', port)
  .option('--restored', 'the database was put back from a backup: what is open in it becomes uncertain')
  .option('--check', 'only check the configuration and whether everything in it can be reached')
  .action(async (options) => (await import('./commands/serve.ts')).serveCommand(options))

program
  .command('demo')
  .description('produce orders, let them fail in every way, capture, fix and replay them')
  .option('--once', 'without stopping for anybody: fails, fixes, replays, checks the books, ends')
  .option('--json', 'last line of stdout: one JSON object of figures')
  .option('--kafka <brokers>', 'run it on your Kafka: host:port,…')
  .option('--rabbitmq <url>', 'run it on your RabbitMQ: amqp://…')
  .option('--data <folder>', 'data folder (default: .redrive)')
  .option('--port <number>', 'port of the API (default: 7070)')
  .option('--orders <number>', 'how many orders', '120')
  .action(async (options) => (await import('./commands/demo.ts')).demoCommand(options))

office(program.command('status'))
  .description('one-screen health')
  .option('--fail-on <thresholds>', 'exit 10 when reached, like open>100,unaccounted>0')
  .action(async (options) => (await import('./commands/overview.ts')).statusCommand(options))

office(program.command('queues'))
  .description('queues with their letters by state')
  .action(async (options) => (await import('./commands/overview.ts')).queuesCommand(options))

addQueueCommands(program, { office, selecting, wholeNumber })

office(program.command('causes'))
  .description('why letters died, most recent first')
  .option('--queue <name>', 'only of this queue')
  .option('--tier <tier>', 'only of this tier')
  .option('--open', 'only causes with open letters')
  .addOption(
    new Option('--state <state>', 'only in this state').choices([
      'new',
      'open',
      'acknowledged',
      'snoozed',
      'fixed',
      'regressed',
    ]),
  )
  .option('--owner <team>', 'only of this team, by the cause or by its queue')
  .option('--assignee <name>', 'only of this person')
  .option('--unowned', 'only causes without an owner')
  .option('--emptied', 'also causes whose letters all belong to others by now')
  .option('--jsonl', 'one JSON object a line')
  .option('--require-match', 'exit 3 when there is none')
  .option('--limit <number>', 'at most so many, up to 200', pageSize, 50)
  .option('--after <cursor>', 'go on after a page')
  .action(async (options) => (await import('./commands/causes.ts')).causesCommand(options))

addCauseCommands(program, { office, selecting, wholeNumber })

addRuleCommands(program, { office, selecting, wholeNumber })

addAlertCommands(program, { office, selecting, wholeNumber })

addReviewCommands(program, { office, selecting, wholeNumber })

addAutomaticCommands(program, { office, selecting, wholeNumber })

addRetentionCommands(program, { office, selecting, wholeNumber })

addEraseCommands(program, { office, selecting, wholeNumber })

addArchiveCommands(program, { office, selecting, wholeNumber })

office(program.command('letters [query...]'))
  .description('letters that match a query; open ones only unless it names a state')
  .option('--limit <number>', 'at most so many, up to 200', pageSize, 50)
  .option('--after <cursor>', 'go on after a page')
  .option('--jsonl', 'one JSON object a line')
  .option('--require-match', 'exit 3 when nothing matches')
  .addHelpText(
    'after',
    "\nExample:\n  redrive letters 'queue:orders error:ETIMEDOUT age:<2h' --jsonl | redrive replay plan --ids-file -",
  )
  .action(async (query, options) => (await import('./commands/letters.ts')).lettersCommand(query, options))

office(program.command('common <query...>'))
  .description('what letters that match a query have in common, in any state unless it names one')
  .addOption(againstOption())
  .addHelpText(
    'after',
    "\nExample: what sets apart what that release could not handle\n  redrive common 'queue:orders release:1.4.1'",
  )
  .action(async (query, options) => (await import('./commands/in-common.ts')).commonCommand(query, options))

const letter = program.command('letter').description('one letter: show, edit, versions, diff, revert')
office(letter.command('show <id>'))
  .description('everything known of a letter')
  .option('--body', 'only its body, byte for byte')
  .option('--of <version>', 'with --body: of this version, 0 for the original', wholeNumber(0, 2_147_483_647))
  .option('--reveal', 'also what is masked; for operators, with --reason')
  .option('--reason <text>', 'with --reveal: why, for the audit trail')
  .action(async (id, options) => (await import('./commands/letters.ts')).letterShowCommand(id, options))

addRepairCommands(program, letter, { office, selecting, wholeNumber })

addReplayCommands(program, { office, selecting, wholeNumber })

addDiscardCommands(program, { office, selecting, wholeNumber })

addUncertainCommands(program, { office, selecting, wholeNumber })

office(program.command('ledger'))
  .description('the books against an independent count; exit 10 when they do not balance')
  .action(async (options) => (await import('./commands/overview.ts')).ledgerCommand(options))

addTokenCommands(program, { office, selecting, wholeNumber })

program
  .helpCommand(false)
  .command('help [topic...]')
  .description('help on a command, or on: query, exit-codes, environment')
  .action((words: readonly string[]) => {
    const text = topics[words[0] ?? '']
    if (text !== undefined) process.stdout.write(`${text}\n`)
    else commandOf(words).help()
  })

function commandOf(words: readonly string[]): Command {
  let command: Command = program
  for (const word of words) {
    const found = command.commands.find((each) => each.name() === word)
    if (found === undefined) program.error(`error: there is no help on ${words.join(' ')}\ntry:   redrive --help`)
    else command = found
  }
  return command
}

/** Commander says what is wrong; what to do is added. */
function withTry(text: string): string {
  return text.includes('try:') || !text.startsWith('error:') ? text : `${text.trimEnd()}\ntry:   redrive --help\n`
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  const { code, exitCode } = error as { code?: string; exitCode?: number }
  if (!code?.startsWith('commander.')) throw error
  process.exitCode = exitCode === 0 ? exitCodes.ok : exitCodes.usage
}
