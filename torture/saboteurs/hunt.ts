import { spawn } from 'node:child_process'
import path from 'node:path'
import { torture } from '../run.ts'
import { buildBroken } from './build-broken.ts'
import type { CaughtBy, Saboteur } from './saboteur.ts'

/** A kill has to hit the moment that a saboteur leaves open: each gets a few rounds, with seeds of their own. */
const rounds = 4
const testsLimitMs = 120_000
/** So that killing it leaves nothing behind. */
const oneProcess = '--test-isolation=none'

export interface Hunted {
  readonly saboteur: Saboteur
  /** What gave it away; `null`: nothing did. */
  readonly found: string | null
  /** Why it could not be hunted. */
  readonly trouble?: string
}

/** Builds it and looks whether what has to find it does. */
export async function hunt(
  saboteur: Saboteur,
  options: { readonly root: string; readonly seed: number },
): Promise<Hunted> {
  const { caughtBy } = saboteur
  const broken = buildBroken(options.root, saboteur)
  try {
    const found =
      'torture' in caughtBy
        ? await foundByTorture(caughtBy, { root: broken.root, seed: options.seed })
        : await foundByTests(caughtBy, broken.root)
    return { saboteur, found }
  } finally {
    broken.remove()
  }
}

async function foundByTorture(
  { torture: target, victims }: Extract<CaughtBy, { readonly torture: unknown }>,
  { root, seed }: { readonly root: string; readonly seed: number },
): Promise<string | null> {
  for (let round = 0; round < rounds; round += 1) {
    const result = await torture({
      target,
      kills: 10,
      cuts: 0,
      freezes: 0,
      jumps: 0,
      fills: 0,
      victims,
      settleMs: 30_000,
      seed: seed + round,
      root,
      say: () => undefined,
    })
    // That it does not settle proves nothing: it may not even have started.
    const [example] = result.examples
    if (example !== undefined) return example
    if (result.unaccounted !== 0) return `${result.unaccounted} letters unaccounted for`
  }
  return null
}

/** A build that does not even load is no proof: somebody has to have looked at what it does. */
async function foundByTests(
  { file, tests }: Extract<CaughtBy, { readonly file: string }>,
  root: string,
): Promise<string | null> {
  const args = ['--conditions=@redrive/source', '--disable-warning=ExperimentalWarning', '--test', oneProcess]
  const child = spawn(
    process.execPath,
    [...args, '--test-reporter=tap', `--test-name-pattern=${tests.source}`, path.join(root, file)],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: testsLimitMs, killSignal: 'SIGKILL' },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  await new Promise((resolve) => child.once('close', resolve))
  if (/SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND|ERR_INVALID_TYPESCRIPT|is not a function/.test(output))
    throw new Error(`the build of it does not run:\n${output.slice(-2_000)}`)
  const ran = [...output.matchAll(/^ *(not )?ok \d+ - (.*)$/gm)].filter(([, , name = '']) => !name.endsWith('.test.ts'))
  if (ran.length === 0) throw new Error(`${file} has no test that matches ${String(tests)}:\n${output.slice(-2_000)}`)
  return ran.find(([, not]) => not !== undefined)?.[2] ?? null
}
