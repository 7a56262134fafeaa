import type { TestContext } from 'node:test'
import { type AlertView, listAlerts, lookOnce, minuteCounter, type Notice } from '../src/alerts/index.ts'
import type { AlertsConfig } from '../src/config/index.ts'
import type { Finding } from '../src/doctor/index.ts'
import { discardLetters } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const minuteMs = 60_000

export interface AlertBed extends OfficeBed {
  readonly options: { readonly config: AlertsConfig; readonly officeUrl: string }
  /**
   * One look, so many minutes after the beginning, or now when that is later.
   * @returns what it said: to whom, what changed, of which rule
   */
  look(at?: {
    readonly minutes?: number
    readonly queues?: boolean
    readonly findings?: readonly Finding[]
    /** In place of all that. */
    readonly nowMs?: number
  }): Promise<readonly string[]>
  notices(): Promise<readonly Notice[]>
  alerts(): Promise<readonly AlertView[]>
  /** Of the only alert there is, or of the newest. */
  cause(): Promise<string>
  /** Letters by their UUIDs. */
  discard(ids: readonly string[]): Promise<void>
  discardAll(): Promise<void>
}

/** An office whose looks are taken by hand, at times that the test says. */
export async function alertBed(t: TestContext, config: Partial<AlertsConfig> = {}): Promise<AlertBed> {
  const startedMs = Date.now()
  const bed = await officeBed(t)
  const options = {
    config: { limits: [], routes: [{ notify: ['team'] }], ...config },
    officeUrl: 'https://office.example/',
  }
  const minutes = minuteCounter()
  let read = 0
  const alerts = async () => (await listAlerts(bed.store, { state: 'all', limit: 200 })).alerts
  const discard = async (selection: { readonly query: string } | { readonly letters: readonly string[] }) => {
    await discardLetters(bed.store, { selection, reason: 'test', by: 'ana', nowMs: Date.now() })
  }
  return {
    ...bed,
    options,
    alerts,
    async look({ minutes: after = 0, queues = false, findings, nowMs } = {}) {
      const looked = await lookOnce(bed.store, {
        ...options,
        nowMs: nowMs ?? (after === 0 ? Date.now() : startedMs + after * minuteMs),
        ...(queues ? { minutes } : {}),
        ...(findings === undefined ? {} : { findings: async () => findings }),
      })
      if (looked === null) throw new Error('somebody else looks')
      const { rows } = await bed.store.pool.query<{ id: string; line: string }>(
        `select id, concat_ws(' ', notifier, change, notice ->> 'rule') as line from notification where id > $1 order by id`,
        [read],
      )
      read = Number(rows.at(-1)?.id ?? read)
      return rows.map(({ line }) => line)
    },
    async notices() {
      const { rows } = await bed.store.pool.query<{ notice: Notice }>('select notice from notification order by id')
      return rows.map(({ notice }) => notice)
    },
    async cause() {
      const [newest] = await alerts()
      return newest?.cause ?? ''
    },
    discard: (ids) => discard({ letters: ids.map(showLetterId) }),
    discardAll: () => discard({ query: 'state:open' }),
  }
}
