import assert from 'node:assert/strict'
import { effectKey, effectWhat } from '../../effects/effect-key.ts'
import { maxResultBytes, readResult, writeResult } from '../../effects/effect-result.ts'
import { beginOf } from './begin.ts'
import type { EffectCases } from './harness.ts'

const names = [
  'a\u0000b',
  'a\u0000c',
  '\ud800',
  '\udfff',
  '😀'.repeat(300),
  `${'x'.repeat(100_000)}1`,
  `${'x'.repeat(100_000)}2`,
  "'; drop table redrive_effects; --",
  '${jndi:ldap://x}',
  '*',
  '\r\nDEL *\r\n',
  'null',
]

const results = [
  'a\u0000b\ud800',
  { text: '\u2028"\\', deep: [[[[{ __proto__: null, constructor: 1 }]]]] },
  -0,
  1e300,
  null,
  '😀'.repeat(maxResultBytes / 4 - 1),
  [],
]

export const hostileCases: EffectCases = {
  async 'names of any content are different effects, and can be read by people'({ store }) {
    for (const name of names) {
      const effect = { consumer: name, by: 'letter', id: name, name } as const
      assert.deepEqual(
        await store.begin(effectKey(effect), beginOf('a', { what: effectWhat(effect) })),
        { kind: 'begun', known: false },
        JSON.stringify(name.slice(0, 40)),
      )
      assert.equal((await store.look(effectKey(effect)))?.what, effectWhat(effect))
    }
  },

  async 'results of any content come back as they were written'({ store }) {
    for (const [index, value] of results.entries()) {
      const key = effectKey({ consumer: 'c', by: 'letter', id: String(index), name: 'n' })
      const written = writeResult(value)
      await store.begin(key, beginOf('a'))
      await store.settle(key, { token: 'a', kind: 'done', result: written })
      const again = await store.begin(key, beginOf('b'))
      assert.deepEqual(again, { kind: 'done', result: written })
      assert.deepEqual(readResult(again.kind === 'done' ? again.result : ''), JSON.parse(JSON.stringify(value)))
    }
  },
}
