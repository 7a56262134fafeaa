import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type CrashPointsResult, crashPoints } from './crash-points/run.ts'
import { carrierNames } from './fidelity/carrier.ts'
import { fidelity, isFaithful } from './fidelity/run.ts'
import { runModel } from './model/run.ts'
import { isClean } from './run.ts'
import { huntAll } from './saboteurs/hunt-all.ts'
import { saboteurs } from './saboteurs/index.ts'
import { runOnSmallDisk, smallDisk } from './small-disk.ts'
import { type StacksResult, tortureStacks, usualStacks } from './stacks.ts'

const help = `npm run torture -- [--kills N] [--cuts N] [--freezes N] [--jumps N] [--fills N] [--stacks N] [--seed S] [--pg-boss | --kafka | --rabbitmq]
npm run torture -- --saboteurs [NAME]
npm run torture -- --fidelity [--envelopes N] [--seed S] [--pg-boss | --kafka | --rabbitmq]
npm run torture -- --crash-points [--operation NAME [--point N]]
npm run torture -- --model [--sequences N] [--seed S [--path P]]

Kills worker, office, database and broker with SIGKILL, cuts connections within requests and replies, and freezes processes
past their lease, sets their clocks forward and back, fills the disk, at random moments under load, while somebody plans, runs, pauses,
resumes, cancels, edits and discards. Then compares what was produced, handled, captured, ordered and replayed. The last line is one JSON
object; the exit status is 0 only if nothing was lost, doubled unknowingly, altered or sent against somebody's word, and the books balance.

--saboteurs builds the product with one guarantee taken out, again and again: kills or tests must catch each of them.

--fidelity writes generated envelopes of all kinds into a dead-letter place, has them captured and replayed, reads them back with another
client and compares every byte; on all three brokers, or one.

--crash-points kills before and after each statement of the database and each request to the broker of what an office and its people do: all of
these points, one after the other. After each death and after each recovery everything must be whole.

--model runs sequences of what an office and its people do (10,000 of up to 12 steps) against the real store and against a model in memory, and
compares letters, runs, books and what the broker got. --path runs again the one that failed with that seed.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '20' },
    cuts: { type: 'string', default: '0' },
    freezes: { type: 'string', default: '0' },
    jumps: { type: 'string', default: '0' },
    fills: { type: 'string', default: '0' },
    stacks: { type: 'string' },
    seed: { type: 'string' },
    'pg-boss': { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
    rabbitmq: { type: 'boolean', default: false },
    fidelity: { type: 'boolean', default: false },
    envelopes: { type: 'string', default: '100000' },
    saboteurs: { type: 'boolean', default: false },
    'crash-points': { type: 'boolean', default: false },
    model: { type: 'boolean', default: false },
    sequences: { type: 'string', default: '10000' },
    path: { type: 'string' },
    operation: { type: 'string' },
    point: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const say = (line: string): void => void process.stderr.write(`torture: ${line}\n`)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const target = (['pg-boss', 'kafka', 'rabbitmq'] as const).find((name) => values[name]) ?? 'embedded'

if (values.help) process.stdout.write(`${help}\n`)
else if (values.saboteurs) process.exitCode = (await allCaught(positionals[0])) ? 0 : 1
else if (values.fidelity) process.exitCode = (await allFaithful()) ? 0 : 1
else if (values['crash-points']) process.exitCode = (await allSurvived()) ? 0 : 1
else if (values.model) process.exitCode = (await modelled()) ? 0 : 1
else if (values.fills !== '0' && smallDisk === null) process.exitCode = runOnSmallDisk()
else {
  const faults = { kills: 0, cuts: 0, freezes: 0, jumps: 0, fills: 0 }
  for (const fault of Object.keys(faults) as (keyof typeof faults)[])
    faults[fault] = wholeNumber(values[fault], { of: fault, least: 0 })
  const named = Object.entries(faults).flatMap(([fault, count]) => (count === 0 ? [] : [`${count} ${fault}`]))
  const stacks =
    values.stacks === undefined
      ? usualStacks({ target, ...faults })
      : wholeNumber(values.stacks, { of: 'stacks', least: 1 })
  say(`${named.join(', ')} on ${target}, in ${stacks === 1 ? 'one stack' : `${stacks} stacks`}, seed ${seed}`)
  const result = await tortureStacks({ target, ...faults, stacks, seed, root, say })
  report(result)
  process.exitCode = isClean(result) ? 0 : 1
}

function wholeNumber(text: string, { of, least }: { readonly of: string; readonly least: number }): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  say(`--${of} takes a whole number from ${least} on, not "${text}"; see --help`)
  process.exit(2)
}

function report({ examples, ...result }: StacksResult): void {
  for (const example of examples) say(example)
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

async function allFaithful(): Promise<boolean> {
  const chosen = carrierNames.filter((name) => target === 'embedded' || name === target)
  let isAll = true
  for (const carrier of chosen) {
    const result = await fidelity({ carrier, envelopes: Number(values.envelopes), seed, say })
    process.stdout.write(`${JSON.stringify(result)}\n`)
    isAll &&= isFaithful(result)
  }
  return isAll
}

/** @param name only those whose names hold it */
async function allCaught(name = ''): Promise<boolean> {
  const chosen = saboteurs.filter((saboteur) => saboteur.name.includes(name))
  const hunted = await huntAll(chosen, {
    root,
    seed,
    onHunted: ({ saboteur, found, trouble }) =>
      say(
        `${saboteur.name} (breaks: ${saboteur.breaks}): ${found === null ? `NOT CAUGHT${trouble === undefined ? '' : `: ${trouble}`}` : `caught: ${found}`}`,
      ),
  })
  const caught = hunted.filter(({ found }) => found !== null).length
  process.stdout.write(`${JSON.stringify({ saboteurs: chosen.length, caught, seed })}\n`)
  return chosen.length > 0 && caught === chosen.length
}

async function allSurvived(): Promise<boolean> {
  const result: CrashPointsResult = await crashPoints({
    seed,
    say,
    ...(values.operation === undefined ? {} : { operation: values.operation }),
    ...(values.point === undefined ? {} : { point: Number(values.point) }),
  })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  return result.crashPoints > 0 && result.failed === 0
}

async function modelled(): Promise<boolean> {
  const { sequences, path } = values
  const result = await runModel({ sequences: Number(sequences), seed, say, ...(path === undefined ? {} : { path }) })
  process.stdout.write(`${JSON.stringify(result)}\n`)
  return result.sequences > 0 && result.failed === 0
}
