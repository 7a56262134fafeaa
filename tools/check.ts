/** `npm run check`: what can be said about the code without running it. Every part runs, whatever the others find. */
import { run, script, tool } from './lib/run.ts'

const parts: readonly { readonly name: string; readonly command: [string, ...string[]] }[] = [
  { name: 'types of the packages', command: tool('tsc', '-b', 'packages/worker', 'packages/server') },
  { name: 'types of everything else', command: tool('tsc', '--noEmit', '-p', '.') },
  {
    name: 'lint',
    command: tool('oxlint', '--type-aware', '--quiet', 'packages', 'tools', 'bench', 'torture', 'examples'),
  },
  { name: 'format', command: tool('biome', 'format', '--reporter=summary') },
  { name: 'arrows', command: script('tools/arrows.ts') },
]

const failed: string[] = []
for (const { name, command } of parts) {
  console.log(`# ${name}`)
  if ((await run(command)).code !== 0) failed.push(name)
}
if (failed.length > 0) console.error(`check failed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
