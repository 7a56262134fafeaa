import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { constant } from '@redrive/worker'
import { type LookOptions, lookOnce, showAutomatic } from '../src/automatic/index.ts'
import type { ReplayByTier } from '../src/config/index.ts'
import { type RunView, showRun } from '../src/replay/index.ts'
import type { Store } from '../src/store/store.ts'
import { firstUuidAt } from '../src/store/uuid.ts'
import { type DeadLetter, type OfficeBed, officeBed, until } from './office-bed.ts'
import { capturedIn } from './retention-bed.ts'

/** An office with a policy for transient letters, a worker whose backend can be sick, and looks that a test makes itself. */
export interface AutomaticBed extends OfficeBed {
  /** As long as it is sick every letter dies again; while it is silent no call comes back. */
  readonly backend: { isSick: boolean; isSilent: boolean; calls: number }
  /** Lets all calls come back that were silent. */
  speaks(): void
  look(options?: Partial<LookOptions> & { readonly store?: Store }): ReturnType<typeof lookOnce>
  /** Looks until the run that goes on is judged. */
  settled(): Promise<string>
  /** As if the gap was over. */
  gapIsOver(): Promise<void>
  /** As if letters that came back had rested for as long as plans ask for. */
  rested(): Promise<void>
  /** As if so many minutes had gone by since everything that was sent. */
  minutesLater(minutes: number): Promise<void>
  /** The only policy that is shown. */
  view(): Promise<Awaited<ReturnType<typeof showAutomatic>>[number]>
  runs(): Promise<readonly RunView[]>
  letters(count: number, of?: DeadLetter): Promise<string[]>
}

export const healthy: ReplayByTier = { transient: { when: 'healthy', after: '0s', retryEvery: '5m', pace: 1_000 } }

export async function automaticBed(t: TestContext, tiers: ReplayByTier = healthy): Promise<AutomaticBed> {
  const office = await officeBed(t)
  const { store } = office
  const backend = { isSick: false, isSilent: false, calls: 0 }
  const silenced: (() => void)[] = []
  await office.worker({
    retry: { maxAttempts: 1, backoff: constant(1) },
    handle: async () => {
      backend.calls += 1
      if (backend.isSilent) await new Promise<void>((resolve) => silenced.push(resolve))
      if (backend.isSick) throw Object.assign(new Error('no answer'), { code: 'ECONNREFUSED' })
    },
  })
  office.replayer()
  const bed: AutomaticBed = {
    ...office,
    backend,
    speaks: () => silenced.splice(0).forEach((speak) => speak()),
    look: ({ store: other = store, ...options } = {}) =>
      lookOnce(other, { tiers, brokers: office.brokers, ask: () => assert.fail('nobody is to be asked'), ...options }),
    settled: () =>
      until('the run is judged', async () => {
        const [one] = (await bed.look()).settled
        return one === undefined ? undefined : `${one.verdict}: ${one.why}`
      }),
    async gapIsOver() {
      await store.pool.query('update automatic_replay set next_at = now()')
    },
    async rested() {
      const { rows } = await store.pool.query<{ id: string }>(
        `select l.id from letter l join letter_content c on c.id = l.id where l.state = 'open' and c.replay_id is not null and l.id > $1`,
        [firstUuidAt(Date.now() - 3_600_000)],
      )
      await capturedIn(
        office,
        rows.map(({ id }) => id),
        '2026-01',
      )
    },
    async minutesLater(minutes) {
      const ago = `make_interval(mins => ${minutes})`
      await store.pool.query(`update intent set intended_at = intended_at - ${ago}`)
      await store.pool.query(`update automatic_run set settled_at = settled_at - ${ago}`)
      await store.pool.query(`update automatic_replay set next_at = next_at - ${ago}`)
    },
    async view() {
      const views = await showAutomatic(store, { tiers, brokers: [...office.brokers.keys()] })
      const [only] = views
      assert.ok(only !== undefined && views.length === 1)
      return only
    },
    async runs() {
      const { rows } = await store.pool.query<{ id: string }>(
        'select run_id as id from automatic_run join run on run.id = run_id order by run.started_at',
      )
      return Promise.all(rows.map(({ id }) => showRun(store, id)))
    },
    letters: (count, of = {}) =>
      office.captured(
        ...Array.from({ length: count }, (_, at) => ({
          body: `letter ${at}`,
          errorClass: 'Error',
          error: 'no answer',
          ...of,
        })),
      ),
  }
  return bed
}
