import { type Command, Option } from 'commander'
import type { CommandHelpers } from './repair-commands.ts'

/** `token create`, `list` and `revoke`. */
export function addTokenCommands(program: Command, { office }: CommandHelpers): void {
  const token = program.command('token').description('who may call the API')
  office(token.command('create <name>'))
    .description('make a token; shown once')
    .addOption(
      new Option('--role <role>', 'viewer: looks, changes nothing, sees masked values as masked')
        .choices(['operator', 'viewer'])
        .default('operator'),
    )
    .action(async (name, options) => (await import('./commands/tokens.ts')).tokenCreateCommand(name, options))
  office(token.command('list'))
    .description('names of the tokens and their roles')
    .action(async (options) => (await import('./commands/tokens.ts')).tokenListCommand(options))
  office(token.command('revoke <name>'))
    .description('end a token')
    .action(async (name, options) => (await import('./commands/tokens.ts')).tokenRevokeCommand(name, options))
}
