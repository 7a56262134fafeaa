import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testEffectStore } from '../../testing/effects/test-effect-store.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { memoryEffects } from './memory.ts'

testEffectStore('memory', {
  async create() {
    const clock = fakeClock()
    const store = memoryEffects({ clock })
    return { store, other: store, advance: (ms) => clock.advance(ms), dispose: async () => undefined }
  },
})

test('the oldest record goes when there are too many, but never one that is held', async () => {
  const store = memoryEffects({ maxRecords: 2, clock: fakeClock() })
  const begin = (key: string): Promise<unknown> =>
    store.begin(key, { token: key, leaseMs: 1_000, keepMs: 10_000, what: '' })
  await begin('held')
  for (const key of ['first', 'second']) {
    await begin(key)
    await store.settle(key, { token: key, kind: 'done', result: '[]' })
  }
  await begin('third')
  const states = await Promise.all(
    ['held', 'first', 'second', 'third'].map(async (key) => (await store.look(key))?.state ?? null),
  )
  assert.deepEqual(states, ['running', null, null, 'running'])
})
