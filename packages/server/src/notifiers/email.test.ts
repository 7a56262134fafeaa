import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import type { EmailConfig } from '../config/index.ts'
import { certificate, type MailServer, type MailServerOptions, startMailServer } from '../testing/mail-server.ts'
import { noticeOf } from '../testing/notice.ts'
import { emailNotifier } from './email.ts'

const trusted = tls.getCACertificates('default')
const notice = noticeOf()
const login = { user: 'redrive', password: 'a/b@c:d e' }
const never = new AbortController().signal

async function mailServer(t: TestContext, options: MailServerOptions & { readonly isTrusted?: boolean } = {}) {
  if (options.isTrusted !== false) tls.setDefaultCACertificates([...trusted, certificate])
  const server = await startMailServer(options)
  t.after(async () => {
    tls.setDefaultCACertificates(trusted)
    await server.stop()
  })
  return server
}

function notifierFor({ port }: Pick<MailServer, 'port'>, changes: Partial<EmailConfig & { patienceMs: number }> = {}) {
  return emailNotifier('mail', {
    url: `smtp://localhost:${port}`,
    from: 'redrive@office.example',
    to: ['oncall@team.example'],
    tls: 'on',
    perMinute: 60,
    ...changes,
  })
}

const header = (mail: { readonly headers: readonly (readonly [string, string])[] } | undefined, name: string) =>
  mail?.headers.filter(([each]) => each === name).map(([, value]) => value)

test('a notice arrives encrypted after STARTTLS, under the name of whoever is logged in', async (t) => {
  const server = await mailServer(t, { login })
  const notifier = notifierFor(server, { ...login, to: ['oncall@team.example', 'boss@team.example'] })
  const delivered = await notifier.deliver(
    {
      key: 'k-1',
      notice: noticeOf({ owner: 'team-reefer', links: { acknowledge: 'https://o.example/a?b=c', runbook: null } }),
    },
    never,
  )
  assert.deepEqual(delivered, { kind: 'delivered' })
  const [mail] = server.got
  assert.equal(server.got.length, 1)
  assert.equal(mail?.isEncrypted, true)
  assert.equal(mail?.user, 'redrive')
  assert.equal(mail?.from, 'redrive@office.example')
  assert.deepEqual(mail?.to, ['oncall@team.example', 'boss@team.example'])
  assert.deepEqual(header(mail, 'subject'), ['[page] NEW orders: 1 letter, TaxRateMissing'])
  assert.deepEqual(header(mail, 'from'), ['Redrive <redrive@office.example>'])
  assert.deepEqual(header(mail, 'to'), ['oncall@team.example, boss@team.example'])
  assert.deepEqual(header(mail, 'auto-submitted'), ['auto-generated'])
  assert.match(header(mail, 'content-type')?.join() ?? '', /^text\/plain; charset=utf-8/)
  assert.deepEqual(mail?.text.trimEnd().split(/\r?\n/), [
    'NEW orders: 1 letter, TaxRateMissing',
    '',
    'tier: permanent',
    '',
    'Next: redrive cause show c_7f3k',
    'Acknowledge: https://o.example/a?b=c',
    '',
    'page · first-failure · queue orders · owner team-reefer · a_00000000000000000000000000',
    'Since 2026-11-29T00:00:00.000Z',
  ])
})

test('smtps is encrypted from the start', async (t) => {
  const server = await mailServer(t, { secure: true })
  const delivered = await notifierFor(server, { url: `smtps://localhost:${server.port}` }).deliver(
    { key: 'k', notice },
    never,
  )
  assert.deepEqual(delivered, { kind: 'delivered' })
  assert.equal(server.got[0]?.isEncrypted, true)
})

test('nothing is sent where nothing can be encrypted, or where nobody vouches for the server, unless tls is off', async (t) => {
  const bare = await mailServer(t, { withoutStartTls: true })
  assert.deepEqual(await notifierFor(bare).deliver({ key: 'k', notice }, never), {
    kind: 'later',
    reason: `localhost:${bare.port} answered 500 to STARTTLS`,
  })
  const unknown = await mailServer(t, { isTrusted: false })
  tls.setDefaultCACertificates(trusted)
  for (const url of [`smtp://localhost:${unknown.port}`]) {
    const refused = await notifierFor(unknown, { url }).deliver({ key: 'k', notice }, never)
    assert.equal(refused.kind, 'later')
    assert.match(refused.kind === 'later' ? refused.reason : '', /\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/)
  }
  assert.deepEqual([bare.got, unknown.got], [[], []])
  assert.deepEqual(await notifierFor(bare, { tls: 'off' }).deliver({ key: 'k', notice }, never), { kind: 'delivered' })
  assert.equal(bare.got[0]?.isEncrypted, false)
})

test('each try has the same id, and what is said later answers what was said first', async (t) => {
  const server = await mailServer(t)
  const notifier = notifierFor(server)
  for (const [key, change] of [
    ['k-1', 'raised'],
    ['k-1', 'raised'],
    ['k-2', 'repeated'],
    ['k-2', 'repeated'],
    ['k-3', 'resolved'],
  ] as const)
    await notifier.deliver({ key, notice: noticeOf({ change }) }, never)
  const first = '<a_00000000000000000000000000.mail@office.example>'
  assert.deepEqual(
    server.got.map((mail) =>
      [header(mail, 'message-id'), header(mail, 'in-reply-to'), header(mail, 'references')].flat(),
    ),
    [
      [first],
      [first],
      ['<k-2.mail@office.example>', first, first],
      ['<k-2.mail@office.example>', first, first],
      ['<k-3.mail@office.example>', first, first],
    ],
  )
})

test('a wrong password is mended in the configuration: it is tried again', async (t) => {
  const server = await mailServer(t, { login })
  for (const [given, reason] of [
    [{ user: 'redrive', password: 'wrong' }, 'answered 535 to AUTH PLAIN'],
    [{}, 'answered 530 to MAIL FROM'],
  ] as const)
    assert.deepEqual(await notifierFor(server, given).deliver({ key: 'k', notice }, never), {
      kind: 'later',
      reason: `localhost:${server.port} ${reason}`,
    })
})

test('a password goes to no server that does not ask who it is', async (t) => {
  const server = await mailServer(t)
  const delivered = await notifierFor(server, login).deliver({ key: 'k', notice }, never)
  assert.equal(delivered.kind, 'later')
  assert.deepEqual(server.got, [])
})

for (const [step, code, kind, where] of [
  ['connect', 421, 'later', 'the connection'],
  ['connect', 554, 'later', 'the connection'],
  ['from', 451, 'later', 'MAIL FROM'],
  ['from', 553, 'later', 'MAIL FROM'],
  ['to', 450, 'later', 'RCPT TO'],
  ['to', 550, 'later', 'RCPT TO'],
  ['data', 452, 'later', 'DATA'],
  ['data', 552, 'refused', 'DATA'],
  ['data', 554, 'refused', 'DATA'],
  ['data', 530, 'later', 'DATA'],
] as const)
  test(`${code} at ${step} means ${kind}, and the reason holds no text of the server`, async (t) => {
    const server = await mailServer(t, { answer: (at) => (at === step ? code : undefined) })
    assert.deepEqual(await notifierFor(server).deliver({ key: 'k', notice }, never), {
      kind,
      reason: `localhost:${server.port} answered ${code} 5.7.99 to ${where}`,
    })
  })

test('whoever took a notice is not told again because somebody else did not take it', async (t) => {
  let code: number | undefined = 450
  const server = await mailServer(t, { answer: (_, address) => (address === 'b@team.example' ? code : undefined) })
  const notifier = notifierFor(server, { to: ['a@team.example', 'b@team.example', 'c@team.example'] })
  const reason = `localhost:${server.port} answered 450 to b@team.example, and took it for the others`
  assert.deepEqual(await notifier.deliver({ key: 'k', notice }, never), { kind: 'later', reason })
  assert.equal((await notifier.deliver({ key: 'k', notice }, never)).kind, 'later')
  code = undefined
  assert.deepEqual(await notifier.deliver({ key: 'k', notice }, never), { kind: 'delivered' })
  assert.deepEqual(await notifier.deliver({ key: 'other', notice }, never), { kind: 'delivered' })
  assert.deepEqual(
    server.got.map(({ to }) => to),
    [['a@team.example', 'c@team.example'], ['b@team.example'], ['a@team.example', 'b@team.example', 'c@team.example']],
  )
  for (const [before, key] of [
    [undefined, 'never was taken'],
    [450, 'might have been taken'],
  ] as const) {
    code = before
    if (code !== undefined) assert.equal((await notifier.deliver({ key, notice }, never)).kind, 'later')
    code = 550
    assert.deepEqual(await notifier.deliver({ key, notice }, never), {
      kind: 'refused',
      reason: `localhost:${server.port} answered 550 to b@team.example, and took it for the others`,
    })
  }
})

for (const hangsAt of ['connect', 'from', 'data'] as const)
  test(`a server that falls silent at ${hangsAt} is given up, and at once when the office stops`, async (t) => {
    const reached = Promise.withResolvers<void>()
    const server = await mailServer(t, { hangsAt, onStep: (step) => step === hangsAt && reached.resolve() })
    const reason = `localhost:${server.port} took too long`
    const hasty = notifierFor(server, { patienceMs: 300 })
    assert.deepEqual(await hasty.deliver({ key: 'k', notice }, never), { kind: 'later', reason })
    const stop = new AbortController()
    const delivered = notifierFor(server).deliver({ key: 'k', notice }, stop.signal)
    await reached.promise
    const fromMs = performance.now()
    stop.abort()
    assert.equal((await delivered).kind, 'later')
    assert.ok(performance.now() - fromMs < 2_000)
  })

test('nobody there is for later', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => void server.close(resolve))
  assert.deepEqual(
    await notifierFor({ port }, { url: `smtp://127.0.0.1:${port}` }).deliver({ key: 'k', notice }, never),
    { kind: 'later', reason: `127.0.0.1:${port} could not be reached (ECONNREFUSED)` },
  )
})
