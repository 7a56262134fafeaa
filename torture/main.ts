import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type TortureResult, torture } from './run.ts'
import { buildBroken, saboteurs } from './saboteurs.ts'
import type { Target } from './target.ts'

const help = `npm run torture -- [--kills N] [--seed S] [--kafka | --rabbitmq]
npm run torture -- --saboteurs

Kills worker, office, database and broker with SIGKILL at random moments under load, then compares what was produced,
handled, captured and replayed. The last line is one JSON object; the exit status is 0 only if nothing was lost,
nothing was doubled unknowingly and the books balance. --saboteurs does it with broken builds, which must be caught.`

/** A kill has to hit the moment that a saboteur leaves open: each gets a few rounds, with seeds of their own. */
const rounds = 4

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string' },
    kafka: { type: 'boolean', default: false },
    rabbitmq: { type: 'boolean', default: false },
    saboteurs: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const say = (line: string): void => void process.stderr.write(`torture: ${line}\n`)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const target = values.kafka ? 'kafka' : values.rabbitmq ? 'rabbitmq' : 'embedded'

if (values.help) process.stdout.write(`${help}\n`)
else if (values.saboteurs) process.exitCode = (await allCaught()) ? 0 : 1
else {
  const kills = Number(values.kills)
  say(`${kills} kills on ${target}, seed ${seed}`)
  const result = await torture({ target, kills, seed, root, say })
  report(result)
  process.exitCode = isClean(result) ? 0 : 1
}

function isClean(result: TortureResult): boolean {
  return result.settled && result.lost === 0 && result.duplicatedUnknowingly === 0 && result.unaccounted === 0
}

function report({ examples, ...result }: TortureResult): void {
  for (const example of examples) say(example)
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

async function allCaught(): Promise<boolean> {
  let caught = 0
  for (const saboteur of saboteurs) {
    const broken = buildBroken(root, saboteur)
    try {
      const found = await findingOf(saboteur.target, broken.root)
      caught += found === null ? 0 : 1
      say(`${saboteur.name} (breaks: ${saboteur.breaks}): ${found === null ? 'NOT CAUGHT' : `caught: ${found}`}`)
    } finally {
      broken.remove()
    }
  }
  process.stdout.write(`${JSON.stringify({ saboteurs: saboteurs.length, caught, seed })}\n`)
  return caught === saboteurs.length
}

async function findingOf(name: Target['name'], brokenRoot: string): Promise<string | null> {
  for (let round = 0; round < rounds; round += 1) {
    const result = await torture({
      target: name,
      kills: 10,
      victims: ['office', 'database'],
      settleMs: 40_000,
      seed: seed + round,
      root: brokenRoot,
      say: () => undefined,
    })
    if (!isClean(result)) return result.examples[0] ?? `${result.unaccounted} letters unaccounted for`
  }
  return null
}
