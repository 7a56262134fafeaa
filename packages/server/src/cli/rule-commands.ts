import type { Command } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

const several = (given: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), given]

const conditions = `
Conditions (all have to match):
  class=Timeout*            the error's class; = is all of it, * stands for any text
  message~no slot           ~ is: holds it, as it is written
  frame~reserve.ts          a frame of the stack
  header:tenant=acme        a header; header:tenant alone: it is there
  reason, consumer, tier    likewise`

const expected = 'letters you believe would move; with another number nothing is done (exit 7)'

/** `cause merge`, `cause split` and `rules list|show|add|remove`. */
export function addRuleCommands(program: Command, { office, wholeNumber }: CommandHelpers): void {
  const cause = program.commands.find((command) => command.name() === 'cause') ?? program.command('cause')
  const changing = (command: Command): Command =>
    office(command)
      .option('--preview', 'only say what would move')
      .option('--expect <number>', expected, wholeNumber(0, 1_000_000_000))
      .option('--reason <text>', 'why, for the history and the audit trail; needed unless it is a preview')
      .option('--by <name>', 'who does this (default: your user name)')

  changing(cause.command('merge <id...>'))
    .description('letters of these causes belong to another one, now and from now on; it can be taken back')
    .requiredOption('--into <id>', 'the cause they belong to: of the same queue, consumer and tier')
    .addHelpText(
      'after',
      `
Comments, links, owner and history stay with each cause; an emptied one says where its letters went.

Examples:
  redrive cause merge c_7f3k… c_2m9p… --into c_0a1b… --preview
  redrive cause merge c_7f3k… c_2m9p… --into c_0a1b… --reason 'the same outage' --expect 120`,
    )
    .action(async (ids, options) => (await import('./commands/rules.ts')).mergeCommand(ids, options))

  changing(cause.command('split <id>'))
    .description('letters of a cause that match form one of their own, now and from now on; it can be taken back')
    .requiredOption('--where <condition>', 'which letters; several have to match all', several)
    .option('--title <text>', "the part's title (default: part of: its cause's)")
    .addHelpText(
      'after',
      `${conditions}

Example:
  redrive cause split c_7f3k… --where header:tenant=acme --title 'acme: no slot' --reason 'acme mends its own'`,
    )
    .action(async (id, options) => (await import('./commands/rules.ts')).splitCommand(id, options))

  const rules = program
    .command('rules')
    .description('which letters belong together, where somebody saw it otherwise: list, show, add, remove')
  office(rules.command('list'))
    .description('rules in the order in which they count, then merges and splits, and how far letters were moved')
    .option('--all', 'also what was taken back')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (options) => (await import('./commands/rules.ts')).rulesCommand(options))
  office(rules.command('show <rule>'))
    .description('what was said, by whom and why, and how far letters were moved')
    .action(async (id, options) => (await import('./commands/rules.ts')).ruleShowCommand(id, options))
  changing(rules.command('add <name>'))
    .description('letters that match form a cause of their own in each queue, consumer and tier')
    .requiredOption('--where <condition>', 'which letters; several have to match all', several)
    .option('--queue <name>', 'only of this queue')
    .option('--per <field>', 'one cause for each value of class, reason, consumer, tier or header:NAME; at most fifty')
    .option('--title <text>', 'of its causes, filled in from the first letter: {class}, {value}, {header:NAME} …')
    .option('--first', 'before the other rules; the first that matches counts')
    .addHelpText(
      'after',
      `${conditions}

Examples:
  redrive rules add 'partner down' --queue orders --where 'message~no answer' --preview
  redrive rules add tenants --where class=QuotaError --per header:tenant --title 'quota of {value}' --reason 'each tenant pays for itself'`,
    )
    .action(async (name, options) => (await import('./commands/rules.ts')).ruleAddCommand(name, options))
  changing(rules.command('remove <rule>'))
    .description('take a rule, a merge or a split back: letters go where they belong without it')
    .action(async (id, options) => (await import('./commands/rules.ts')).ruleRemoveCommand(id, options))
}
