import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capOf, flatCap, noCap, shareOf, withCapDefaults } from './caps.ts'
import { issuesIn, parseConfig } from './load.ts'

const read = (text: string) => parseConfig(text, { file: 'redrive.yaml', env: {} })

test('a size is a number and its unit; what is left out is no cap', () => {
  assert.deepEqual(withCapDefaults({ bytes: '10GiB' }), { ...noCap, bytes: 10 * 1024 ** 3 })
  assert.deepEqual(withCapDefaults({ bytes: '5 MiB', letters: 7 }), { ...noCap, letters: 7, bytes: 5 * 1024 ** 2 })
  assert.deepEqual(withCapDefaults(undefined), noCap)
})

test('what a queue leaves out is the office’s', () => {
  const office = withCapDefaults({ letters: 100, bytes: '1TiB', whenReached: 'archive', open: 'archive-looked-at' })
  const said = new Map(flatCap({ letters: 5, whenReached: 'push-back' }))
  assert.deepEqual(
    capOf((field) => said.get(field) ?? undefined, office),
    { letters: 5, bytes: 1024 ** 4, whenReached: 'push-back', open: 'archive-looked-at' },
  )
})

test('the share is of letters or of bytes, whichever is more, and nothing where there is no cap', () => {
  const cap = { ...noCap, letters: 10, bytes: 1_000 }
  assert.equal(shareOf({ letters: 5, bytes: 100 }, cap), 0.5)
  assert.equal(shareOf({ letters: 5, bytes: 1_100 }, cap), 1.1)
  assert.equal(shareOf({ letters: 1_000, bytes: 1_000_000 }, noCap), 0)
  assert.equal(shareOf({ letters: -1, bytes: 0 }, cap), 0)
})

test('the file says caps of the office and of queues, not of tiers; archiving wants a place', () => {
  const config = read(
    'retention:\n  most: { letters: 100000, bytes: 10GiB }\nqueues:\n  orders:\n    retention: { most: { letters: 50 } }\n',
  )
  assert.deepEqual([config.most.letters, config.most.bytes], [100_000, 10 * 1024 ** 3])
  assert.equal('most' in config.retention, false)
  const complaints = (text: string): readonly string[] => {
    try {
      read(text)
    } catch (error) {
      return issuesIn(error).map(({ path, message }) => `${path}: ${message}`)
    }
    return []
  }
  assert.deepEqual(complaints('retention: { most: { letters: 5, whenReached: archive } }'), [
    'retention.most.whenReached: names no place: say where under archive',
  ])
  assert.match(complaints('retention: { most: { bytes: 10GB } }').join(), /^retention\.most\.bytes: /)
  assert.match(complaints('retention: { most: { letters: 0 } }').join(), /^retention\.most\.letters: /)
  assert.match(
    complaints('queues: { orders: { tiers: { permanent: { retention: { most: { letters: 5 } } } } } }').join(),
    /there is no setting "most"/,
  )
})
