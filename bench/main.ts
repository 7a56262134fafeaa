import { readdir } from 'node:fs/promises'

const help = `usage: npm run bench -- NAME [options]

Each bench prints a table and, as its last line, one JSON object.
`

const [name, ...rest] = process.argv.slice(2)
const names = (await readdir(import.meta.dirname)).filter(isBench).map((file) => file.slice(0, -'.ts'.length))

if (name === undefined || name === '--help' || !names.includes(name)) {
  const text = `${help}\n${(await Promise.all(names.sort().map(summaryOf))).map((line) => `  ${line}\n`).join('')}`
  if (name === undefined || name === '--help') process.stdout.write(text)
  else {
    process.stderr.write(`no bench is called ${name}\n\n${text}`)
    process.exitCode = 2
  }
} else {
  const bench = await load(name)
  await bench.run(rest)
}

interface Bench {
  run(args: string[]): Promise<void>
  /** Usage and one sentence. */
  readonly summary?: string
}

async function load(bench: string): Promise<Bench> {
  return (await import(`./${bench}.ts`)) as Bench
}

async function summaryOf(bench: string): Promise<string> {
  return (await load(bench)).summary ?? bench
}

/** Helpers have a dash in their names. */
function isBench(file: string): boolean {
  return /^[a-z]+\.ts$/.test(file) && file !== 'main.ts'
}
