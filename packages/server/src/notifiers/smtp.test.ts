import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectionOf } from './smtp.ts'

test('without a port it is that of mail that is handed in', () => {
  const to = (url: string) => {
    const { host, options } = connectionOf({ url, tls: 'on' })
    return [host, options.host, options.port, options.secure, options.requireTLS]
  }
  assert.deepEqual(to('smtp://mail.internal'), ['mail.internal:587', 'mail.internal', 587, false, true])
  assert.deepEqual(to('smtps://mail.internal/'), ['mail.internal:465', 'mail.internal', 465, true, undefined])
  assert.deepEqual(to('smtp://[::1]:2525'), ['[::1]:2525', '::1', 2525, false, true])
})
