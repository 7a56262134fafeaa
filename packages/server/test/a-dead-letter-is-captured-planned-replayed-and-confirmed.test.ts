import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant, type Message } from '@redrive/worker'
import { listCauses } from '../src/causes/index.ts'
import { listLetters, showLetter } from '../src/letters/index.ts'
import { officeBed, until } from './office-bed.ts'

const retry = { maxAttempts: 2, backoff: constant(1) }
const text = (message: Message): string => Buffer.from(message.body ?? []).toString()

test('a handler fails, the letter is captured, replayed to its consumer and confirmed by a receipt', async (t) => {
  const bed = await officeBed(t)
  const { store } = bed
  let broken = true
  const handled: string[] = []
  await bed.worker({
    retry,
    handle(message) {
      if (broken) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      handled.push(text(message))
    },
  })
  const headers = [
    { name: 'tenant', value: Buffer.from('a') },
    { name: 'tenant', value: null },
    { name: 'binary', value: Buffer.from([0, 255, 10]) },
  ]
  await bed.produce({ key: Buffer.from('k-1'), body: Buffer.from('order 1'), headers })
  await until('captured', async () => ((await bed.states())['open'] === 1 ? true : undefined))

  const { causes } = await listCauses(store)
  assert.deepEqual(
    causes.map(({ queue, consumer, tier, open, letters }) => ({ queue, consumer, tier, open, letters })),
    [{ queue: 'orders', consumer: 'reefer', tier: 'transient', open: 1, letters: 1 }],
  )
  const [letter] = (await listLetters(store, { query: 'ECONNREFUSED', limit: 10, nowMs: Date.now() })).letters
  assert.ok(letter)
  assert.equal(letter.attempts, 2)

  broken = false
  bed.replayer()
  const plan = await bed.plan({ cause: causes[0]?.id ?? '' })
  assert.equal(plan.letters, 1)
  assert.equal(handled.length, 0, 'a plan sends nothing')
  const { id } = await bed.run(plan, { expect: 1 })
  const run = await until('confirmed', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' && view.outcomes.confirmed === 1 ? view : undefined
  })
  assert.deepEqual(run.sends, { intended: 0, sent: 1, notSent: 0, uncertain: 0 })
  assert.deepEqual(handled, ['order 1'])
  assert.deepEqual(await bed.states(), { replayed: 1 })
  const detail = await showLetter(store, letter.id)
  assert.equal(detail.replays[0]?.outcome, 'confirmed')
  await bed.balanced()
})
