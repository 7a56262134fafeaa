/** Answers commands, one after another, each with a program, environment, folder and streams of its own. */
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import type { Ended, Question } from './command-line.ts'

const env = { ...process.env }
let asked = 0

process.on('message', (question) => {
  void answer(question as Question).then((ended) => process.send?.(ended))
})

async function answer({ args, env: given, cwd }: Question): Promise<Ended> {
  const [out, err] = [collector(), collector()]
  Object.defineProperty(process, 'stdout', { value: out.stream, configurable: true })
  Object.defineProperty(process, 'stderr', { value: err.stream, configurable: true })
  process.env = { ...env, ...given }
  process.chdir(cwd)
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args)
  process.exitCode = undefined
  try {
    // The program runs when it is loaded, so it is loaded anew for each command.
    await import(new URL(`../src/cli/main.ts?${(asked += 1)}`, import.meta.url).href)
  } catch (error) {
    process.exitCode = 1
    err.stream.write(`${inspect(error)}\n`)
  }
  const code = Number(process.exitCode ?? 0)
  process.exitCode = undefined
  return { code, out: out.text(), err: err.text() }
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
