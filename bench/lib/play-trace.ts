import { type Notifier, startDelivery, watchAlerts } from '../../packages/server/src/alerts/index.ts'
import { watchCauses } from '../../packages/server/src/causes/index.ts'
import { examine } from '../../packages/server/src/doctor/index.ts'
import { parseAlertId } from '../../packages/server/src/store/ids.ts'
import { openStore, type Store } from '../../packages/server/src/store/store.ts'
import type { AlertTrace, Message } from './alert-trace.ts'
import { openTraceOffice, until } from './trace-office.ts'
import { heldClock, setDatabaseTime } from './trace-time.ts'

const secondMs = 1_000
/**
 * When the office looks, in seconds after something happened: then each of its loops has looked, at causes, at queues and for the doctor, and noted since
 * when something is so. Nothing else changes until the next event but what alerts wait for by themselves (ten quiet minutes, an hour until it is
 * said again), and that ends at times that the truth names, or is found too much at the next look.
 */
const afterEvents = [0, 1, 10, 61, 600, 1_200] as const
/** After something should be said: as often as in truth, and then until the slowest rule has had its turn. */
const afterTruths = [0, 1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 61, 122] as const
const seldomMs = 3_600_000

export interface Played {
  /** What notifiers got, in the order in which they got it. */
  readonly said: readonly Message[]
  readonly looks: number
}

/**
 * Plays an incident to the loops of an office on an empty database: what follows causes, what looks for alerts and what delivers them, with time as
 * the trace has it. @param options.everySecond looks each second, however long nothing happens
 */
export async function playTrace(
  trace: AlertTrace,
  options: {
    readonly url: string
    readonly everySecond?: boolean
    readonly beforeEnd?: (store: Store) => Promise<void>
  },
): Promise<Played> {
  const store = await openStore({ url: options.url, allowUnsafe: true })
  const closers: (() => Promise<unknown>)[] = [() => store.close()]
  try {
    let nowMs = trace.fromMs
    const now = (): number => nowMs
    const setTime = await setDatabaseTime(store.pool)
    await setTime(nowMs)
    const office = await openTraceOffice(store, { config: trace.config, keepMs: trace.keepMs, now })
    closers.push(() => office.stop())
    const said: Message[] = []
    const troubles: string[] = []
    const tell = (line: string): void => void troubles.push(line)
    const clocks = { causes: heldClock(now), alerts: heldClock(now), delivery: heldClock(now) }
    const notifiers = new Map(
      namesOf(trace).map((name) => [name, recorder(name, { store, now, onSaid: (message) => said.push(message) })]),
    )
    const delivery = startDelivery(store, { notifiers, tell, clock: clocks.delivery })
    closers.push(() => delivery.stop())
    const causes = watchCauses(store, { tell, clock: clocks.causes })
    closers.push(() => causes.stop())
    const examineNow = async () => {
      const [captures, expiry] = [office.captures(), await office.expiry()]
      const doctor = { unaccounted: 0, captures, expiry, disk: null, olderThanDays: 7, nowMs }
      return (await examine(store, doctor)).findings
    }
    let examined: ReturnType<typeof examineNow> | null = null
    const alerts = watchAlerts(store, {
      config: trace.config,
      officeUrl: null,
      tell,
      onWritten: () => delivery.wake(),
      captures: () => office.captures(),
      findings: () => {
        examined = examineNow()
        return examined
      },
      clock: clocks.alerts,
    })
    closers.push(() => alerts.stop())
    await Promise.all([clocks.causes.asleep(), clocks.alerts.asleep()])

    let looks = 0
    const look = async (): Promise<void> => {
      looks += 1
      for (const clock of [clocks.causes, clocks.alerts]) {
        clock.wake()
        await clock.asleep()
      }
      // What the doctor found is heard by the look of the next second, which may be an hour away here.
      if (examined !== null) {
        await examined
        examined = null
        clocks.alerts.wake()
        await clocks.alerts.asleep()
      }
      if (!(await isSomethingDue(store))) return
      await until('everything is delivered', async () => {
        delivery.wake()
        return !(await isSomethingDue(store))
      })
    }
    const pending = [...trace.events]
    for (const timeMs of lookTimes(trace, options.everySecond ?? false)) {
      nowMs = timeMs
      await setTime(nowMs)
      for (let next = pending[0]; next !== undefined && next.atMs <= nowMs; next = pending[0]) {
        pending.shift()
        await office.happen(next)
      }
      await look()
    }
    if (troubles.length > 0) throw new Error(`${trace.name}: ${troubles.join('\n')}`)
    await options.beforeEnd?.(store)
    return { said, looks }
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

function lookTimes({ fromMs, toMs, events, truths }: AlertTrace, everySecond: boolean): readonly number[] {
  const everyMs = everySecond ? secondMs : seldomMs
  const firstMs = events[0]?.atMs ?? fromMs
  const times = new Set(
    Array.from({ length: Math.ceil((toMs - firstMs) / everyMs) }, (_, at) => firstMs + (at + 1) * everyMs),
  )
  for (const { atMs } of events) for (const after of afterEvents) times.add(atMs + after * secondMs)
  for (const { atMs } of truths) for (const after of afterTruths) times.add(atMs + after * secondMs)
  return [...times].filter((each) => each <= toMs).toSorted((a, b) => a - b)
}

/** Everybody who is named, and the log. */
function namesOf({ config }: AlertTrace): readonly string[] {
  const named = config.routes.flatMap(({ notify, escalate = [] }) => [
    ...notify,
    ...escalate.flatMap((step) => step.notify),
  ])
  return [...new Set([...named, 'log'])]
}

function recorder(
  name: string,
  {
    store,
    now,
    onSaid,
  }: { readonly store: Store; readonly now: () => number; readonly onSaid: (message: Message) => void },
): Notifier {
  return {
    name,
    perMinute: Number.POSITIVE_INFINITY,
    async deliver({ notice }) {
      const { rows } = await store.pool.query<{ about: string }>(
        `select coalesce(c.error_class, nullif(regexp_replace(a.subject, '^[^/]*/?', ''), ''), 'all') as about
           from alert a left join cause c on c.id = a.cause_id where a.id = $1`,
        [parseAlertId(notice.alert)],
      )
      const { urgency, change, rule } = notice
      onSaid({ atMs: now(), text: `${name} ${urgency} ${change} ${rule} ${rows[0]?.about ?? ''}` })
      return { kind: 'delivered' }
    },
  }
}

async function isSomethingDue(store: Store): Promise<boolean> {
  const { rows } = await store.pool.query<{ due: boolean }>({
    name: 'trace-due',
    text: `select exists (select from notification
             where state = 'waiting' and try_at <= now() and (hold_until is null or hold_until <= now())) as due`,
  })
  return rows[0]?.due === true
}
