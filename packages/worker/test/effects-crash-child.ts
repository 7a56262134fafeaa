/** Takes one effect of one message, says each step, and waits to be killed where it is told to. Arguments: url, letter, where. */
import { postgresEffects } from '@redrive/worker/effects/postgres'
import pg from 'pg'
import { systemClock } from '../src/clock.ts'
import type { EffectStore } from '../src/effects/effect-store.ts'
import { effectsOf } from '../src/effects/effects-of.ts'

const [url = '', letterId = '', where = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 2 })
const halt = async (at: string): Promise<void> => {
  if (at !== where) return
  process.stdout.write(`at ${at}\n`)
  await new Promise(() => setInterval(() => undefined, 60_000))
}
const real = postgresEffects(pool)
const store: EffectStore = {
  ...real,
  async begin(...parameters) {
    await halt('before begin')
    const begun = await real.begin(...parameters)
    await halt('after begin')
    return begun
  },
  async settle(...parameters) {
    await halt('before done')
    const isSettled = await real.settle(...parameters)
    await halt('after done')
    return isSettled
  },
}
const effects = effectsOf(
  {
    consumer: 'reefer',
    letterId,
    named: true,
    message: { key: null, body: null, headers: [] },
    failedAtMs: null,
    signal: new AbortController().signal,
    isOver: () => false,
  },
  { store, id: null, leaseMs: 1_000, keepMs: 86_400_000, timeoutMs: 30_000, clock: systemClock },
)
const answer = await effects
  .once('charge', async () => {
    await pool.query('insert into charges values ($1)', [letterId])
    await halt('after the effect')
    return 'charged'
  })
  .catch((error: { code?: string }) => error.code)
process.stdout.write(`${JSON.stringify(answer)}\n`)
await pool.end()
