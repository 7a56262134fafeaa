/** Answers commands, one after another, each with a program, environment, folder and streams of its own. */
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Ended, Question } from './command-line.ts'

const env = { ...process.env }
let asked = 0
// Opened now, so that no command seems to have left them open.
for (const stream of [process.stdin, process.stdout, process.stderr]) stream.unref?.()

process.on('message', (question) => {
  void answer(question as Question).then((ended) => process.send?.(ended))
})

async function answer({ args, env: given, cwd }: Question): Promise<Ended> {
  const [out, err] = [collector(), collector()]
  Object.defineProperty(process, 'stdout', { value: out.stream, configurable: true })
  Object.defineProperty(process, 'stderr', { value: err.stream, configurable: true })
  globalThis.console = new Console(out.stream, err.stream)
  process.env = { ...env, ...given }
  process.chdir(cwd)
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args)
  process.exitCode = undefined
  const open = process.getActiveResourcesInfo().length
  try {
    // The program runs when it is loaded, so it is loaded anew for each command.
    await import(new URL(`../src/cli/main.ts?${(asked += 1)}`, import.meta.url).href)
  } catch (error) {
    process.exitCode = 1
    err.stream.write(`${inspect(error)}\n`)
  }
  await ended(open)
  const code = Number(process.exitCode ?? 0)
  process.exitCode = undefined
  return { code, out: out.text(), err: err.text() }
}

/** A process of its own would not end while something is open. @throws when it still is after a while */
async function ended(open: number): Promise<void> {
  const endMs = performance.now() + 10_000
  while (process.getActiveResourcesInfo().length > open) {
    if (performance.now() > endMs) throw new Error(`left open: ${process.getActiveResourcesInfo().join(', ')}`)
    await turn()
  }
}

function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}
