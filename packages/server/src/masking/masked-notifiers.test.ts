import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Notice, Notifier } from '../alerts/index.ts'
import { defaultMasking } from '../config/index.ts'
import { noticeOf } from '../testing/notice.ts'
import { maskedNotifiers } from './masked-notifiers.ts'
import { maskerOf } from './masker.ts'

test('notifiers get every text of a notice masked, and its links as they are', async () => {
  const told: Notice[] = []
  const team: Notifier = {
    name: 'team',
    perMinute: 7,
    async deliver({ key, notice }) {
      assert.equal(key, 'k')
      told.push(notice)
      return { kind: 'delivered' }
    },
  }
  const secret = 'password=hunter2'
  const hidden = 'password=[masked: secret name]'
  const links = { acknowledge: 'https://office.example/acknowledge/a_0/c?token=c0de', runbook: 'https://wiki.example/' }
  const notice = noticeOf({ title: secret, facts: [{ name: secret, value: secret }], next: secret, links })
  const config = { ...defaultMasking, rules: [{ pattern: 'email', queues: ['other'] }] } as const
  const masked = maskedNotifiers(new Map([['team', team]]), maskerOf(config, 'nobody')).get('team')
  await masked?.deliver({ key: 'k', notice }, new AbortController().signal)
  assert.deepEqual(told, [{ ...notice, title: hidden, facts: [{ name: hidden, value: hidden }], next: hidden }])
  assert.deepEqual([masked?.name, masked?.perMinute], ['team', 7])
  await masked?.deliver({ key: 'k', notice: noticeOf({ title: 'a@b.cd', next: null }) }, new AbortController().signal)
  assert.equal(told[1]?.title, 'a@b.cd', 'a rule of another queue')
  const plain = new Map([['team', team]])
  assert.equal(maskedNotifiers(plain, null), plain)
})

test('a notice of which parts are missing or are no texts is masked as far as it goes', async () => {
  const told: unknown[] = []
  const team: Notifier = {
    name: 'team',
    perMinute: 7,
    async deliver({ notice }) {
      told.push(notice)
      return { kind: 'delivered' }
    },
  }
  const masked = maskedNotifiers(new Map([['team', team]]), maskerOf(defaultMasking, 'nobody')).get('team')
  const odd = { facts: ['password=hunter2', { name: 'x' }, null], title: 7 }
  for (const broken of [{}, odd, { ...noticeOf(), facts: null, next: undefined, queue: undefined }])
    await masked?.deliver({ key: 'k', notice: broken as unknown as Notice }, new AbortController().signal)
  const links = { acknowledge: null, runbook: null }
  const whole = { title: '', facts: [], next: null, links }
  assert.deepEqual(told, [
    whole,
    {
      title: '',
      facts: [
        { name: '', value: '' },
        { name: 'x', value: '' },
        { name: '', value: '' },
      ],
      next: null,
      links,
    },
    { ...noticeOf(), queue: undefined, facts: [], next: null },
  ])
})
