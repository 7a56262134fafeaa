/** Prints the help of every command as one JSON object, by the command's path: one process instead of twenty. */
process.stdout.setMaxListeners(0)
const write = process.stdout.write.bind(process.stdout)
const helps: Record<string, string> = {}

await collect([])
write(JSON.stringify(helps))
process.exitCode = 0

async function collect(path: readonly string[]): Promise<void> {
  const help = await helpOf(path)
  const [, below = ''] = /\nCommands:\n([^]*?)(?:\n\n|$)/.exec(help) ?? []
  const names = [...below.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name ?? '')
  // What has commands below it may be one itself.
  if (names.length === 0 || !/^Usage: .*\[command\]/m.test(help)) helps[path.join(' ')] = help
  for (const name of names) if (path.length === 0 || name !== 'help') await collect([...path, name])
}

/** The program runs when it is loaded, so it is loaded once for each question. */
async function helpOf(path: readonly string[]): Promise<string> {
  let said = ''
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...path, '--help')
  process.stdout.write = (text: string | Uint8Array) => {
    said += String(text)
    return true
  }
  const program = new URL(`../../packages/server/src/cli/main.ts?${path.join('-')}`, import.meta.url)
  await import(program.href)
  process.stdout.write = write
  return said
}
