// Alone in its process: it looks at what is loaded.
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'

test('what sends mail is loaded with the first mail, so that nothing else waits for it', async () => {
  const loaded = new Set<string>()
  registerHooks({
    resolve(specifier, context, next) {
      loaded.add(specifier)
      return next(specifier, context)
    },
  })
  const { openNotifiers } = await import('./index.ts')
  const settings = { type: 'email', from: 'a@b.example', to: ['c@d.example'], tls: 'off', perMinute: 60 } as const
  const notifiers = openNotifiers({ mail: { ...settings, url: 'smtp://127.0.0.1:1' } }, { tell: () => undefined })
  assert.ok(loaded.has('./email.ts'))
  assert.equal(loaded.has('nodemailer'), false)
  const { noticeOf } = await import('../testing/notice.ts')
  const stop = AbortSignal.timeout(5_000)
  assert.equal((await notifiers.get('mail')?.deliver({ key: 'k', notice: noticeOf() }, stop))?.kind, 'later')
  assert.ok(loaded.has('nodemailer'))
})
