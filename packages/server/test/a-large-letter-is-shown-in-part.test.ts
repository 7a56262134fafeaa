import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showLetter } from '../src/letters/index.ts'
import { bodyOfVersion } from '../src/repair/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { officeBed } from './office-bed.ts'

test('of a large body a MiB is shown, all of it is given byte for byte', async (t) => {
  const bed = await officeBed(t)
  const [id] = await bed.captured({ body: 'small' })
  // The last byte of the first MiB is in the middle of a character.
  const body = Buffer.from(`a${'ü'.repeat(700_000)}`)
  await bed.store.pool.query('update letter_content set body = $2 where id = $1', [id, body])
  const { message } = await showLetter(bed.store, showLetterId(id ?? ''))
  assert.equal(message.bodyBytes, body.length)
  assert.equal(Buffer.from(message.body?.base64 ?? '', 'base64').length, 1_048_576)
  assert.equal(message.body?.text, `a${'ü'.repeat(524_287)}`)
  assert.ok((await bodyOfVersion(bed.store, showLetterId(id ?? '')))?.equals(body))
})
