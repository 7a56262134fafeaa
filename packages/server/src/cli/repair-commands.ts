import { type Command, Option } from 'commander'

/** What `main.ts` gives commands that are described elsewhere. */
export interface CommandHelpers {
  readonly office: (command: Command) => Command
  readonly selecting: (command: Command) => Command
  readonly wholeNumber: (least: number, most: number) => (text: string) => number
}

const several = (given: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), given]

const changing = (command: Command): Command =>
  command
    .option(
      '--patch <file>',
      'a JSON Patch (RFC 6902), also with the operations set and transform; - reads standard input',
    )
    .option('--set <assignment>', '/path=value: what is there, or new; a value that is no JSON is text', several)
    .option('--unset <path>', 'remove what is at /path', several)
    .option('--header <assignment>', 'name=value: set a header', several)
    .option('--add-header <assignment>', 'name=value: one more, beside those of the name', several)
    .option('--remove-header <name>', 'all headers of the name', several)
    .option('--ignore-schema', "also what does not fit the queue's schema; it is recorded")

const by = ['--by <name>', 'who does this (default: your user name)'] as const
const why = ['--reason <text>', 'why, for the versions and the audit trail'] as const

/** `letter edit`, `versions`, `diff`, `revert` and `transform`. */
export function addRepairCommands(program: Command, letter: Command, helpers: CommandHelpers): void {
  const { office, wholeNumber } = helpers
  const version = wholeNumber(0, 2_147_483_647)
  const expectVersion = [
    '--expect-version <number>',
    'the version you have seen; another one refuses',
    version,
  ] as const

  changing(office(letter.command('edit <id>')))
    .description('change body, key or headers: a new version, which a replay sends; the original stays')
    .option('--body <file>', 'the whole body anew, byte for byte; - reads standard input')
    .option('--no-body', 'without a body')
    .option('--key <text>', 'another key')
    .option('--key-file <file>', 'another key, byte for byte')
    .option('--no-key', 'without a key')
    .option(...expectVersion)
    .option(...by)
    .requiredOption(...why)
    .addHelpText(
      'after',
      `
Numbers, order and all bytes outside of the edit stay as they are written.

Examples:
  redrive letter edit l_0… --set /currency=EUR --unset /legacy --reason 'the shop wrote small letters'
  redrive letter edit l_0… --patch fix.json --header tenant=acme --reason 'see OPS-17'
  redrive letter edit l_0… --body fixed.bin --expect-version 0 --reason 'cut off on the way'`,
    )
    .action(async (id, options) => (await import('./commands/letter-edit.ts')).letterEditCommand(id, options))

  office(letter.command('versions <id>'))
    .description('what was made of a letter, by whom and why; * is what a replay sends')
    .action(async (id, options) => (await import('./commands/letter-edit.ts')).letterVersionsCommand(id, options))

  office(letter.command('diff <id>'))
    .description('what differs between two versions (default: the original and what a replay sends)')
    .option('--reveal', 'also what is masked; for operators, with --reason')
    .option('--reason <text>', 'with --reveal: why, for the audit trail')
    .argument('[from]', 'a version', version)
    .argument('[to]', 'a version', version)
    .action(async (id, from, to, options) =>
      (await import('./commands/letter-edit.ts')).letterDiffCommand(id, { from, to }, options),
    )

  office(letter.command('revert <id>'))
    .description('let an earlier version count again; 0 is the letter as it was captured')
    .argument('<version>', 'a version', version)
    .option(...expectVersion)
    .option(...by)
    .requiredOption(...why)
    .action(async (id, to, options) => (await import('./commands/letter-edit.ts')).letterRevertCommand(id, to, options))

  addTransformCommands(program, helpers)
}

function addTransformCommands(program: Command, { office, selecting, wholeNumber }: CommandHelpers): void {
  const transform = program.command('transform').description('edit many letters alike: preview, apply, revert')
  const sample = ['--sample <number>', 'so many letters as diffs', wholeNumber(0, 20), 3] as const
  const agreeing = (command: Command): Command =>
    office(command)
      .option('--yes', 'do not ask')
      .option(
        '--expect <number>',
        'letters you believe it is about; another number refuses (needed without a terminal)',
        wholeNumber(0, 100_000),
      )
      .option(...by)

  changing(selecting(transform.command('preview [query...]')))
    .description('try a change on letters, count and show what would become of them; changes none')
    .option('--plan <id>', 'the letters of this plan')
    .option(...sample)
    .option('--require-match', 'exit 3 when it can be applied to none')
    .requiredOption(...why)
    .addHelpText(
      'after',
      `
In a patch, {"op":"transform","path":"/currency","function":"upper"} changes text: trim, upper, lower, number-to-string,
string-to-number, or replace-text with "find" and "with". No pattern, no code.

Example:
  redrive transform preview --cause c_7f3k… --patch fix.json --reason 'the shop wrote small letters'
  redrive transform apply t_5h…`,
    )
    .action(async (query, options) =>
      (await import('./commands/transforms.ts')).transformPreviewCommand(query, options),
    )

  office(transform.command('show <transform>'))
    .description('what it can be applied to, what was done, and a few letters as diffs')
    .option(...sample)
    .action(async (id, options) => (await import('./commands/transforms.ts')).transformShowCommand(id, options))

  office(transform.command('letters <transform>'))
    .description('letter by letter: can it be done, was it done, why not')
    .addOption(
      new Option('--part <part>', 'which letters')
        .choices(['all', 'applicable', 'unchanged', 'refused', 'applied', 'reverted'])
        .default('all'),
    )
    .option('--jsonl', 'one JSON object a line')
    .option('--limit <number>', 'at most so many, up to 200', wholeNumber(1, 200), 50)
    .option('--after <cursor>', 'go on after a page')
    .action(async (id, options) => (await import('./commands/transforms.ts')).transformLettersCommand(id, options))

  agreeing(transform.command('apply <transform>'))
    .description(
      'write the versions; what cannot be done any more is refused letter by letter (exit 9). Goes on where it was cut off',
    )
    .action(async (id, options) => (await import('./commands/transforms.ts')).transformApplyCommand(id, options))

  agreeing(transform.command('revert <transform>'))
    .description('take the edits back where letters are unsent and were not edited since (exit 9 when some stay)')
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .action(async (id, options) => (await import('./commands/transforms.ts')).transformRevertCommand(id, options))
}
