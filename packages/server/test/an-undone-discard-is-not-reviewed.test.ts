import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discardLetters, undoDiscard } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { officeBed } from './office-bed.ts'
import { reviewed } from './review-bed.ts'

test('why letters were discarded adds up to what the queues say of it, also where a discard was undone', async (t) => {
  const bed = await officeBed(t)
  const ids = await bed.captured(...Array.from({ length: 6 }, () => ({})))
  const discard = async (from: number, to: number, reason: string): Promise<string> => {
    const selection = { letters: ids.slice(from, to).map(showLetterId) }
    return (await discardLetters(bed.store, { selection, reason, by: 'ana', nowMs: Date.now() })).id
  }
  const undo = (discard: string) => undoDiscard(bed.store, { discard, by: 'ben', reason: 'oops' })
  const said = async () => {
    const { total, discards } = await reviewed(bed)
    assert.equal(
      discards.shown.reduce((sum, { letters }) => sum + letters, 0),
      total.discarded,
    )
    return discards
  }
  await discard(0, 1, 'test orders')
  const mistaken = await discard(1, 3, 'a mistake')
  const again = await discard(3, 6, 'test orders')
  assert.equal((await said()).count, 2)

  await undo(mistaken)
  assert.deepEqual(await said(), { count: 1, shown: [{ reason: 'test orders', letters: 4, by: ['ana'] }] })

  await undo(again)
  assert.deepEqual(
    await said(),
    { count: 1, shown: [{ reason: 'test orders', letters: 1, by: ['ana'] }] },
    'one of two with the same reason',
  )
})
