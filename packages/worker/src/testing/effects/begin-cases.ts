import assert from 'node:assert/strict'
import { beginOf, leaseMs, newKey } from './begin.ts'
import type { EffectCases } from './harness.ts'

export const beginCases: EffectCases = {
  async 'what nobody began is begun, and then another attempt is told to wait'({ store, other }) {
    const key = newKey()
    assert.deepEqual(await store.begin(key, beginOf('a')), { kind: 'begun', known: false })
    const second = await other.begin(key, beginOf('b'))
    assert.ok(second.kind === 'busy' && second.leftMs > 0 && second.leftMs <= leaseMs, JSON.stringify(second))
    assert.equal((await other.look(key))?.state, 'running')
  },

  async 'what is done stays done, with its result'({ store, other }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    assert.equal(await store.settle(key, { token: 'a', kind: 'done', result: '["ch_1"]' }), true)
    for (const each of [store, other])
      assert.deepEqual(await each.begin(key, beginOf('b')), { kind: 'done', result: '["ch_1"]' })
    const record = await other.look(key)
    assert.deepEqual([record?.state, record?.result, record?.begins, record?.why], ['done', '["ch_1"]', 1, null])
  },

  async 'what has not happened is begun again, and that is known'({ store, other }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    assert.equal(await store.settle(key, { token: 'a', kind: 'not-done' }), true)
    assert.equal((await other.look(key))?.state, 'not-done')
    assert.deepEqual(await other.begin(key, beginOf('b')), { kind: 'begun', known: true })
  },

  async 'an attempt that crashed after that is a maybe, not a known failure'({ store, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    await store.settle(key, { token: 'a', kind: 'not-done' })
    await store.begin(key, beginOf('b'))
    await advance(leaseMs)
    const third = await store.begin(key, beginOf('c'))
    assert.deepEqual([third.kind, 'why' in third && third.why], ['maybe', 'interrupted'])
  },

  async 'what may have happened stays a maybe for each attempt, with its reason'({ store, other }) {
    const key = newKey()
    await store.begin(key, beginOf('a'))
    for (const why of ['failed', 'expired', 'interrupted'] as const) {
      const token = why === 'failed' ? 'a' : `after-${why}`
      if (why !== 'failed') assert.equal((await store.begin(key, beginOf(token))).kind, 'maybe')
      assert.equal(await store.settle(key, { token, kind: 'maybe', why }), true)
      const record = await other.look(key)
      assert.deepEqual([record?.state, record?.why], ['maybe', why])
    }
    const last = await other.begin(key, beginOf('last'))
    assert.ok(last.kind === 'maybe')
    assert.deepEqual([last.why, last.begins], ['interrupted', 3])
    assert.ok(Number.isFinite(last.beganAtMs) && last.beganAtMs > 1_600_000_000_000, String(last.beganAtMs))
  },

  async 'asking again with the same token gives the same answer'({ store }) {
    const fresh = newKey()
    const first = await store.begin(fresh, beginOf('a'))
    assert.deepEqual(await store.begin(fresh, beginOf('a')), first)
    assert.equal((await store.look(fresh))?.begins, 1)
    assert.equal(await store.settle(fresh, { token: 'a', kind: 'done', result: '[]' }), true)
    assert.equal(await store.settle(fresh, { token: 'a', kind: 'done', result: '[]' }), true)

    const doubtful = newKey()
    await store.begin(doubtful, beginOf('a'))
    await store.settle(doubtful, { token: 'a', kind: 'maybe', why: 'failed' })
    const second = await store.begin(doubtful, beginOf('b'))
    assert.equal(second.kind, 'maybe')
    assert.deepEqual(await store.begin(doubtful, beginOf('b')), second)
  },

  async 'of many attempts at the same moment one begins'({ store, other }) {
    const key = newKey()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? store : other).begin(key, beginOf(`t${n}`))),
    )
    const kinds = answers.map(({ kind }) => kind)
    assert.equal(kinds.filter((kind) => kind === 'begun').length, 1, kinds.join())
    assert.equal(kinds.filter((kind) => kind === 'busy').length, 19, kinds.join())
  },

  async 'of many attempts at a maybe one gets it'({ store, other, advance }) {
    const key = newKey()
    await store.begin(key, beginOf('dead'))
    await advance(leaseMs)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? store : other).begin(key, beginOf(`t${n}`))),
    )
    const kinds = answers.map(({ kind }) => kind)
    assert.equal(kinds.filter((kind) => kind === 'maybe').length, 1, kinds.join())
  },

  async 'effects do not know each other'({ store }) {
    const [one, two] = [newKey(), newKey()]
    await store.begin(one, beginOf('a'))
    assert.equal((await store.begin(two, beginOf('a'))).kind, 'begun')
    assert.equal(await store.look(newKey()), null)
  },
}
