import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AlertTrace, type Message, readTraces } from '../../../bench/lib/alert-trace.ts'
import { compareMessages } from '../../../bench/lib/compare-messages.ts'
import { playTrace } from '../../../bench/lib/play-trace.ts'
import { officeDatabase } from '../src/testing/database.ts'

const dayMs = 86_400_000
/** The small ones; `npm run bench -- alerts` plays all, which takes a minute or two. */
const traces = (await readTraces()).filter(
  ({ fromMs, toMs, events }) => toMs - fromMs <= 2 * dayMs && events.length <= 20,
)
const lines = ({ fromMs }: AlertTrace, messages: readonly Message[]): readonly string[] =>
  messages.map(({ atMs, text }) => `${((atMs - fromMs) / 3_600_000).toFixed(3)} h ${text}`)

describe('what is said of an incident is what should be, and nothing else', { concurrency: 3 }, () => {
  assert.ok(traces.length >= 5)
  for (const trace of traces)
    test(`${trace.name}: ${trace.about}`, async (t) => {
      const database = await officeDatabase()
      t.after(() => database.drop())
      const { said } = await playTrace(trace, { url: database.url })
      const { missed, extra } = compareMessages(said, trace.truths)
      assert.deepEqual({ missed: lines(trace, missed), extra: lines(trace, extra) }, { missed: [], extra: [] })
    })
})
