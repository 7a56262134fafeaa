import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AlertTrace, type Message, readTraces } from '../../../bench/lib/alert-trace.ts'
import { compareMessages } from '../../../bench/lib/compare-messages.ts'
import { playTrace } from '../../../bench/lib/play-trace.ts'
import { type AlertReplay, replayAlerts, replayedRules } from '../src/alerts/index.ts'
import { parseCauseId } from '../src/store/ids.ts'
import type { Store } from '../src/store/store.ts'
import { officeDatabase } from '../src/testing/database.ts'

const dayMs = 86_400_000
/** The small ones, and that of reports; `npm run bench -- alerts` plays all, which takes a minute or two. */
const traces = (await readTraces()).filter(
  ({ name, fromMs, toMs, events }) => name === 'reports-stop' || (toMs - fromMs <= 2 * dayMs && events.length <= 20),
)
const lines = ({ fromMs }: AlertTrace, messages: readonly Message[]): readonly string[] =>
  messages.map(({ atMs, text }) => `${((atMs - fromMs) / 3_600_000).toFixed(3)} h ${text}`)

/** A look back is at the end of each minute, and what ended in one is seen to be over in the next. */
const lateMs = 125_000
const hourMs = 3_600_000
/** When nothing went on, though causes had a past: a look back from then on says the same as well. */
const quietHours: Readonly<Record<string, number>> = { flapping: 15.1, regression: 13.9, snoozed: 13 }

describe('what is said of an incident is what should be, and nothing else; a look back says the same', {
  concurrency: 3,
}, () => {
  assert.ok(traces.length >= 5)
  for (const trace of traces)
    test(`${trace.name}: ${trace.about}`, async (t) => {
      const database = await officeDatabase()
      t.after(() => database.drop())
      const fromMs = trace.fromMs + (quietHours[trace.name] ?? 0) * hourMs
      let again: readonly Message[] = []
      let later: readonly Message[] = []
      const { said } = await playTrace(trace, {
        url: database.url,
        beforeEnd: async (store) => {
          again = await lookBack(store, trace)
          later = await lookBack(store, { ...trace, fromMs })
        },
      })
      const { missed, extra } = compareMessages(said, trace.truths)
      assert.deepEqual({ missed: lines(trace, missed), extra: lines(trace, extra) }, { missed: [], extra: [] })

      const live = said.filter(({ text }) => isReplayed(text)).map((message) => ({ ...message, withinMs: lateMs }))
      assert.ok(live.length > 0)
      for (const [looked, truths] of [
        [again, live],
        [later, live.filter(({ atMs }) => atMs >= fromMs)],
      ] as const) {
        const past = compareMessages(looked, truths)
        assert.deepEqual(
          { onlyLive: lines(trace, past.missed), onlyAgain: lines(trace, past.extra) },
          { onlyLive: [], onlyAgain: [] },
        )
      }
    })
})

function isReplayed(text: string): boolean {
  const [, , , rule] = text.split(' ')
  return replayedRules.some((each) => each === rule)
}

async function lookBack(store: Store, { fromMs, toMs, config }: AlertTrace): Promise<readonly Message[]> {
  const { messages }: AlertReplay = await replayAlerts(store, { fromMs, toMs, nowMs: toMs, config })
  const { rows } = await store.pool.query<{ id: string; error: string }>('select id, error_class as error from cause')
  const errors = new Map(rows.map(({ id, error }) => [id, error]))
  return messages.map(({ notifier, urgency, change, rule, queue, cause, title, toldAt }) => {
    const tier = rule === 'depth' ? title.match(/ open (\w+) letters,/)?.[1] : undefined
    const place = tier === undefined ? (queue ?? 'all') : `${queue}/${tier}`
    const about = cause === null ? place : (errors.get(String(parseCauseId(cause))) ?? '')
    return { atMs: Date.parse(toldAt), text: `${notifier} ${urgency} ${change} ${rule} ${about}` }
  })
}
