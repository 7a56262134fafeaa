import assert from 'node:assert/strict'
import { beginOf, keepMs, leaseMs, newKey } from './begin.ts'
import type { EffectCases } from './harness.ts'

const nearlyMs = 5_000

export const timeCases: EffectCases = {
  async 'a lease outlives its holder by no more than its time, and leaves a maybe'({ store, other, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('dead'))
    await advance(leaseMs - nearlyMs)
    assert.equal((await other.begin(key, beginOf('early'))).kind, 'busy')
    await advance(nearlyMs)
    assert.equal((await other.look(key))?.state, 'maybe')
    const next = await other.begin(key, beginOf('next'))
    assert.deepEqual(
      [next.kind, 'why' in next && next.why, 'begins' in next && next.begins],
      ['maybe', 'interrupted', 1],
    )
  },

  async 'a lease can be prolonged, by its holder alone'({ store, other, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    await advance(leaseMs - nearlyMs)
    assert.equal(await store.extend(key, { token: 'a', leaseMs }), true)
    assert.equal(await other.extend(key, { token: 'b', leaseMs }), false)
    await advance(leaseMs - nearlyMs)
    assert.equal((await other.begin(key, beginOf('b'))).kind, 'busy')
    assert.equal(await store.extend(newKey(), { token: 'a', leaseMs }), false)
  },

  async 'who comes back after somebody else took over changes nothing'({ store, other, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('zombie'))
    await advance(leaseMs)
    assert.equal((await other.begin(key, beginOf('heir'))).kind, 'maybe')
    assert.equal(await store.extend(key, { token: 'zombie', leaseMs }), false)
    for (const settlement of [
      { kind: 'done', result: '["zombie"]' },
      { kind: 'not-done' },
      { kind: 'maybe', why: 'failed' },
    ] as const)
      assert.equal(await store.settle(key, { token: 'zombie', ...settlement }), false)
    assert.equal(await other.settle(key, { token: 'heir', kind: 'done', result: '["heir"]' }), true)
    assert.deepEqual(await store.begin(key, beginOf('next')), { kind: 'done', result: '["heir"]' })
  },

  async 'who comes back before anybody took over still has his say'({ store, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('slow'))
    await advance(leaseMs + nearlyMs)
    assert.equal(await store.settle(key, { token: 'slow', kind: 'done', result: '["slow"]' }), true)
    assert.deepEqual(await store.begin(key, beginOf('next')), { kind: 'done', result: '["slow"]' })
  },

  async 'a record is kept for its time, from its begin, and no longer'({ store, advance }) {
    const done = newKey()
    await store.begin(done, beginOf('a'))
    await advance(leaseMs / 2)
    await store.settle(done, { token: 'a', kind: 'done', result: '[1]' })
    await advance(keepMs - leaseMs / 2 - nearlyMs)
    assert.equal((await store.begin(done, beginOf('b'))).kind, 'done')
    await advance(nearlyMs)
    assert.equal(await store.look(done), null)
    assert.deepEqual(await store.begin(done, beginOf('c')), { kind: 'begun', known: false })
    assert.equal((await store.look(done))?.begins, 1)
  },

  async 'a maybe is dropped after the same time'({ store, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    await advance(keepMs)
    assert.equal(await store.look(key), null)
    assert.deepEqual(await store.begin(key, beginOf('b')), { kind: 'begun', known: false })
  },
}
