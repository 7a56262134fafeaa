import assert from 'node:assert/strict'
import { beginOf, keepMs, leaseMs, newKey } from './begin.ts'
import type { EffectCases } from './harness.ts'

const what = 'decided'

export const putCases: EffectCases = {
  async 'what was decided is what the next attempt hears'({ store, other }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    await store.settle(key, { token: 'a', kind: 'maybe', why: 'failed' })
    assert.equal(await other.put(key, { kind: 'not-done', keepMs, what }), true)
    assert.deepEqual(await store.begin(key, beginOf('b')), { kind: 'begun', known: true })
    await store.settle(key, { token: 'b', kind: 'maybe', why: 'failed' })
    assert.equal(await other.put(key, { kind: 'done', result: '["found"]', keepMs, what }), true)
    assert.deepEqual(await store.begin(key, beginOf('c')), { kind: 'done', result: '["found"]' })
    assert.equal(await other.put(key, { kind: 'not-done', keepMs, what }), true)
    assert.deepEqual(await store.begin(key, beginOf('d')), { kind: 'begun', known: true })
  },

  async 'nothing is decided while an attempt is at it'({ store, other, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    assert.equal(await other.put(key, { kind: 'not-done', keepMs, what }), false)
    assert.equal((await other.look(key))?.state, 'running')
    await advance(leaseMs)
    assert.equal(await other.put(key, { kind: 'done', result: '[]', keepMs, what }), true)
    assert.equal(await store.settle(key, { token: 'a', kind: 'not-done' }), false)
    assert.equal((await other.look(key))?.state, 'done')
  },

  async 'it can be put where nothing was, and again'({ store, other }) {
    const key = newKey()
    assert.equal(await store.put(key, { kind: 'done', result: '[]', keepMs, what }), true)
    assert.equal(await other.put(key, { kind: 'done', result: '[2]', keepMs, what }), true)
    assert.deepEqual(await store.begin(key, beginOf('a')), { kind: 'done', result: '[2]' })
    assert.equal((await store.look(key))?.what, what)
  },

  async 'what was put is kept for its time'({ store, advance }) {
    const key = newKey()
    await store.put(key, { kind: 'done', result: '[]', keepMs, what })
    await advance(keepMs / 2)
    assert.equal((await store.look(key))?.state, 'done')
    await advance(keepMs / 2)
    assert.equal(await store.look(key), null)
  },
}
