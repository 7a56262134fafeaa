import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Broker, RedriveError, type SendResult } from '@redrive/worker'
import { showLetter } from '../src/letters/index.ts'
import { closeWindows } from '../src/replay/outcomes.ts'
import { showLetterId } from '../src/store/ids.ts'
import { lane, type OfficeBed, officeBed, until } from './office-bed.ts'

/** The broker, with the answers that `answer` gives instead of a send. */
function answering(
  bed: OfficeBed,
  answer: (body: string, attempt: number) => SendResult | undefined,
): Map<string, Broker> {
  const attempts = new Map<string, number>()
  const broker: Broker = {
    ...bed.broker,
    send: (place, messages) =>
      Promise.all(
        messages.map(async (outgoing) => {
          const body = Buffer.from(outgoing.message.body ?? []).toString()
          const attempt = (attempts.get(body) ?? 0) + 1
          attempts.set(body, attempt)
          return answer(body, attempt) ?? ((await bed.broker.send(place, [outgoing]))[0] as SendResult)
        }),
      ),
  }
  return new Map([['memory', broker]])
}

test('what was not sent is open again, what is uncertain stays so, the rest is sent', async (t) => {
  const bed = await officeBed(t)
  const calls: string[] = []
  const [refused, unsure, good] = await bed.captured({ body: 'refused' }, { body: 'unsure' }, { body: 'good' })
  bed.replayer({
    brokers: answering(bed, (body) => {
      calls.push(body)
      if (body === 'refused') return { kind: 'not-sent', reason: 'too large for this queue\0', retryable: false }
      return body === 'unsure' ? { kind: 'uncertain', reason: 'connection reset' } : undefined
    }),
  })
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.deepEqual(run.sends, { intended: 0, sent: 1, notSent: 1, uncertain: 1 })
  assert.deepEqual(await bed.states(), { open: 1, replayed: 1, uncertain: 1 })
  const stateOf = async (id: string | undefined) => {
    const { state, replays } = await showLetter(bed.store, showLetterId(id ?? ''))
    return [state, replays[0]?.state, replays[0]?.outcome]
  }
  assert.deepEqual(await stateOf(refused), ['open', 'not-sent', 'none'])
  assert.deepEqual(await stateOf(unsure), ['uncertain', 'uncertain', 'pending'])
  assert.deepEqual(await stateOf(good), ['replayed', 'sent', 'pending'])
  assert.deepEqual(
    calls.toSorted(),
    ['good', 'refused', 'unsure'],
    'only what was not sent for a passing reason is tried again',
  )
  assert.equal(
    (await bed.plan({ query: 'queue:orders state:any' })).letters,
    1,
    'only the refused one can be planned again',
  )
  await bed.balanced()
})

test('what was not sent and may be tried again is, under the same intent', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'one' }, { body: 'two' })
  const busy: SendResult = { kind: 'not-sent', reason: 'queue full', retryable: true }
  bed.replayer({ brokers: answering(bed, (body, attempt) => (body === 'one' && attempt < 3 ? busy : undefined)) })
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.equal(run.sends.sent, 2)
  assert.equal(bed.messages(lane).length, 2)
  const { rows } = await bed.store.pool.query('select count(*)::int as attempts from attempt')
  assert.deepEqual(rows, [{ attempts: 2 }])
})

test('what is refused again and again is open in the end', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const calls: number[] = []
  bed.replayer({
    brokers: answering(bed, (_, attempt) => {
      calls.push(attempt)
      return { kind: 'not-sent', reason: 'queue full', retryable: true }
    }),
  })
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.deepEqual(calls, [1, 2, 3, 4])
  assert.equal(run.sends.notSent, 1)
  assert.deepEqual(await bed.states(), { open: 1 })
  await bed.balanced()
})

test('an adapter that breaks its promise not to reject leaves letters uncertain, not the run stuck', async (t) => {
  const bed = await officeBed(t)
  const [first] = await bed.captured({}, {})
  const broker: Broker = { ...bed.broker, send: () => Promise.reject(new RedriveError('BROKER_CLOSED', 'gone')) }
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.equal(run.sends.uncertain, 2)
  const { replays } = await showLetter(bed.store, showLetterId(first ?? ''))
  assert.match(replays[0]?.why ?? '', /adapter failed: gone/)
  await bed.balanced()
})

test('letters of a connection that is gone are not sent', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  bed.replayer({ brokers: new Map() })
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.equal(run.sends.notSent, 1)
  assert.deepEqual(await bed.states(), { open: 1 })
})

test('one letter that cannot be put together does not hold up its batch', async (t) => {
  const bed = await officeBed(t)
  const [broken, gone] = await bed.captured({ body: 'broken' }, { body: 'gone' }, { body: 'good' })
  await bed.store.pool.query(`update letter_content set headers = '\\xff' where id = $1`, [broken])
  await bed.store.pool.query('delete from letter_content where id = $1', [gone])
  bed.replayer()
  const plan = await bed.plan({ query: 'queue:orders' })
  const { id } = await bed.run(plan)
  const run = await until('done', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' ? view : undefined
  })
  assert.equal(run.sends.sent, 1)
  assert.equal(bed.messages(lane).length, 1)
})

test('without evidence in time a send is presumed, an uncertain one unknown; evidence later still counts', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({ body: 'unsure' }, { body: 'good' })
  bed.replayer({
    brokers: answering(bed, (body) => (body === 'unsure' ? { kind: 'uncertain', reason: 'reset' } : undefined)),
  })
  const { id } = await bed.replayed({ query: 'queue:orders' })
  assert.equal(await closeWindows(bed.store, 3_600), 0)
  assert.equal(await closeWindows(bed.store, 0), 2)
  assert.deepEqual((await bed.runOf(id)).outcomes, { pending: 0, confirmed: 0, returned: 0, presumed: 1, unknown: 1 })
  assert.deepEqual(await bed.states(), { replayed: 1, uncertain: 1 }, 'time alone resolves nothing')
  await bed.worker({ handle: () => undefined })
  await until('confirmed', async () => ((await bed.runOf(id)).outcomes.confirmed === 1 ? true : undefined))
  assert.equal((await bed.runOf(id)).outcomes.unknown, 1)
})
