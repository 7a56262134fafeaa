import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimNext } from '../src/replay/claim.ts'
import { cancelRun } from '../src/replay/index.ts'
import { takeRun } from '../src/replay/leases.ts'
import { type OfficeBed, officeBed, until, uuidOf } from './office-bed.ts'
import { recordingBroker } from './recording-broker.ts'

const letters = (count: number) => Array.from({ length: count }, (_, n) => ({ body: `letter ${n}` }))

/** Most letters in any second that begins with one of them. */
function mostInASecond(sentAtMs: readonly number[]): number {
  return Math.max(...sentAtMs.map((from, first) => sentAtMs.slice(first).findLastIndex((at) => at < from + 1_000) + 1))
}

/** By the clock that paces: a busy machine may be late with sends that were paced well. */
async function takenUpAtMs(bed: OfficeBed): Promise<readonly number[]> {
  const { rows } = await bed.store.pool.query<{ atMs: number; letters: number }>(
    `select extract(epoch from intended_at)::float8 * 1000 as "atMs", to_ordinal - from_ordinal as letters from intent order by intended_at`,
  )
  return rows.flatMap(({ atMs, letters }) => Array.from({ length: letters }, () => atMs))
}

async function paced(
  bed: OfficeBed,
  control: { readonly pace: number; readonly rampFrom?: number; readonly rampSeconds?: number },
) {
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }, { control }))
  return {
    id,
    done: () => until('it is done', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined)),
  }
}

test('a pace holds over two replayers and restarts of them', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(160))
  const broker = recordingBroker(bed.broker)
  const brokers = new Map([['memory', broker]])
  let replayers = [bed.replayer({ brokers }), bed.replayer({ brokers })]
  const { done } = await paced(bed, { pace: 40 })
  for (let restart = 0; restart < 4; restart++) {
    const sent = broker.sentAtMs.length
    await until('some more were sent', () => (broker.sentAtMs.length > sent + 15 ? true : undefined))
    await replayers[0]?.stop()
    replayers = [...replayers.slice(1), bed.replayer({ brokers })]
  }
  await done()
  assert.equal(broker.sentAtMs.length, 160)
  // A burst is what a quarter of a second may send; twice, for who was held up catches up by one.
  const most = mostInASecond(await takenUpAtMs(bed))
  assert.ok(most <= 40 + 20, `${most} in a second`)
})

test('what is not due yet waits, whoever asks', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  await bed.run(await bed.plan({ query: 'queue:orders' }))
  await bed.store.pool.query(`update run set paced_until = now() + interval '1900 ms'`)
  const lease = await takeRun(bed.store)
  assert.ok(lease)
  const claim = await claimNext(bed.store, lease)
  assert.ok(claim.kind === 'wait' && claim.ms > 0 && claim.ms <= 1_900, claim.kind)
})

test('a pace holds when the clock of the database jumps', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(140))
  const broker = recordingBroker(bed.broker)
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const { done } = await paced(bed, { pace: 40 })
  for (const jump of ["- interval '1 day'", "+ interval '1 day'"]) {
    const sent = broker.sentAtMs.length
    await until('some were sent', () => (broker.sentAtMs.length > sent ? true : undefined))
    await bed.store.pool.query(`update run set paced_until = now() ${jump}`)
    // Neither a burst of a day nor a wait for it.
    await until('it goes on', () => (broker.sentAtMs.length > sent + 20 ? true : undefined))
  }
  await done()
  const most = mostInASecond(await takenUpAtMs(bed))
  // Each jump is worth one burst more, for what was paid for is forgotten with it; both may fall into one second.
  assert.ok(most <= 40 + 20 + 2 * 10, `${most} in a second`)
})

test('a ramp grows as it says', async (t) => {
  const bed = await officeBed(t)
  await bed.captured(...letters(400))
  const broker = recordingBroker(bed.broker)
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const { id } = await paced(bed, { pace: 160, rampFrom: 10, rampSeconds: 4 })
  await until('the ramp is over', async () => ((await bed.runOf(id)).stage === 'full' ? true : undefined))
  await cancelRun(bed.store, { run: uuidOf(id), by: 'ann', reason: null })
  const { sentAtMs } = broker
  const since = sentAtMs[0] ?? 0
  const within = (seconds: number) => sentAtMs.filter((at) => at < since + seconds * 1_000).length
  // Doubled each second: 14, 43, 101 and 216 by the integral of 10 * 2^t; in batches, and slower on a busy machine.
  for (const [seconds, atLeast, atMost] of [
    [1, 1, 24],
    [2, 8, 58],
    [3, 20, 130],
    [4, 50, 260],
  ] as const) {
    const sent = within(seconds)
    assert.ok(sent >= atLeast && sent <= atMost, `${sent} letters in the first ${seconds} s`)
  }
})
