import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issuesIn, parseConfig } from './load.ts'

const env = {
  URL: 'https://hooks.slack.example/services/T0/B0/x',
  KEY: 'R0123456789abcdefghijklmnopqrstu',
  PASSWORD: 'a/b@c:d e',
  TOKEN: 'to.ken',
}
const parsed = (settings: string, extra: NodeJS.ProcessEnv = {}) =>
  parseConfig(`notifiers:\n  n: { ${settings} }\n`, { file: 'redrive.yaml', env: { ...env, ...extra } }).notifiers['n']

/** What is wrong, each by its line, setting and message. */
function mistakes(settings: string, extra: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    parsed(settings, extra)
  } catch (error) {
    return issuesIn(error).map(
      ({ line, path, message }) => `${line} ${path.replace(/^notifiers\.n\.?/, '')}: ${message}`,
    )
  }
  return []
}

const slack = 'type: slack, url: "${env:URL}"'
const pagerduty = 'type: pagerduty, routingKey: "${env:KEY}"'
const email = 'type: email, url: smtp://mail.internal, from: redrive@a.example, to: [b@a.example]'
const alertmanager = 'type: alertmanager, url: http://am.internal:9093/prefix'
const login = 'user: redrive, password: "${env:PASSWORD}"'

test('each kind takes its settings and its defaults', () => {
  assert.deepEqual(parsed(slack), { type: 'slack', url: env.URL, perMinute: 60 })
  assert.deepEqual(parsed(pagerduty), {
    type: 'pagerduty',
    routingKey: env.KEY,
    url: 'https://events.pagerduty.com/v2/enqueue',
    perMinute: 60,
  })
  assert.deepEqual(parsed(`${email}, ${login}, perMinute: 5`), {
    type: 'email',
    url: 'smtp://mail.internal',
    from: 'redrive@a.example',
    to: ['b@a.example'],
    tls: 'on',
    user: 'redrive',
    password: env.PASSWORD,
    perMinute: 5,
  })
  assert.deepEqual(parsed(`${alertmanager}, token: "\${env:TOKEN}"`), {
    type: 'alertmanager',
    url: 'http://am.internal:9093/prefix',
    token: 'to.ken',
    perMinute: 60,
  })
})

test('a kind that is none names those that are, and a setting of another kind is none', () => {
  assert.deepEqual(mistakes('type: teams, url: "https://x"'), [
    '2 type: "teams" is no type of notifier; known are webhook, slack, pagerduty, email, alertmanager',
  ])
  assert.deepEqual(mistakes('type: constructor'), [
    '2 type: "constructor" is no type of notifier; known are webhook, slack, pagerduty, email, alertmanager',
  ])
  assert.match(mistakes(`${slack}, secret: "\${env:KEY}"`).join(), /^2 secret: there is no setting "secret"/)
  assert.match(mistakes('type: pagerduty').join(), /^2 : .*routingKey/)
  assert.match(mistakes('url: "https://x"').join(), /^2 : .*type/)
})

test('a secret stands in no file', () => {
  for (const [settings, key] of [
    ['type: slack, url: "https://hooks.slack.example/services/T0/B0/x"', 'url'],
    [`type: pagerduty, routingKey: ${env.KEY}`, 'routingKey'],
    [`${email}, user: redrive, password: hunter2`, 'password'],
    [`${alertmanager}, user: redrive, password: hunter2`, 'password'],
    [`${alertmanager}, token: to.ken`, 'token'],
  ] as const)
    assert.deepEqual(mistakes(settings), [
      `2 ${key}: a secret may not stand in the file; write \${env:NAME} or \${file:/path} in its place`,
    ])
})

test('what comes by reference is looked at all the same', () => {
  const reference = (settings: string, values: NodeJS.ProcessEnv) => mistakes(settings, values).join('\n')
  assert.equal(reference(slack, { URL: 'ftp://x' }), '2 url: is no address that begins with http:// or https://')
  assert.match(reference(pagerduty, { KEY: 'short' }), /^2 routingKey: is no integration key/)
  assert.match(reference(`${email}, ${login}`, { PASSWORD: 'a\nb' }), /^2 password: is empty, or has a line break/)
  assert.match(reference(`${email}, ${login}`, { PASSWORD: '' }), /^2 password: is empty/)
  assert.match(reference(`${alertmanager}, token: "\${env:TOKEN}"`, { TOKEN: 'a\r\nb: c' }), /^2 token: is no token/)
  const from = email.replace('redrive@a.example', '"${env:FROM}"')
  for (const bad of ['a@b\r\nBcc: c@d', 'A <a@b>', 'a@b,c@d', 'nobody', '"a b"@c', 'a@b@c'])
    assert.match(reference(from, { FROM: bad }), /^2 from: is no address of one mailbox/, bad)
  assert.equal(reference(from, { FROM: 'jörg@bücher.example' }), '')
  assert.match(reference(email.replace('b@a.example', '"${env:TO}"'), { TO: 'x\u0000@y' }), /^2 to\.0: is no address/)
})

test('an address holds no user, for nobody would be told of it, and no more than it says', () => {
  assert.match(
    mistakes('type: webhook, url: "https://u:${env:TOKEN}@x", secret: "${env:W}"', {
      W: `whsec_${'k'.repeat(40)}`,
    }).join(),
    /^2 url: holds a user/,
  )
  assert.match(mistakes(alertmanager.replace('am.', 'u@am.')).join(), /^2 url: holds a user/)
  const at = (url: string) => mistakes(email.replace('smtp://mail.internal', url)).join()
  assert.match(at('"smtp://u:${env:TOKEN}@mail.internal"'), /^2 url: holds a user or a password; write them as user/)
  assert.match(at('smtp://mail.internal/path'), /^2 url: says more than a host and a port/)
  assert.match(at('http://mail.internal'), /^2 url: /)
  assert.equal(at('smtps://mail.internal:4650'), '')
})

test('a password is not sent in plain text, but to the machine itself', () => {
  const off = (url: string, more = '') =>
    mistakes(`${email.replace('smtp://mail.internal', url)}, tls: off${more}`).join()
  assert.match(off('smtp://mail.internal', `, ${login}`), /^2 url: would get the password in plain text/)
  assert.match(off('smtps://mail.internal'), /^2 url: is encrypted, and tls is off/)
  assert.match(off('smtp://127.evil.example', `, ${login}`), /^2 url: would get the password/)
  for (const here of ['smtp://127.0.0.1:25', 'smtp://localhost:25', '"smtp://[::1]:25"'])
    assert.equal(off(here, `, ${login}`), '')
  assert.equal(off('smtp://mail.internal:25'), '')
})

test('a user has a password, and only one of them can be sent', () => {
  assert.match(mistakes(`${email}, user: redrive`).join(), /^2 user: has no password/)
  assert.match(mistakes(`${email}, password: "\${env:PASSWORD}"`).join(), /^2 password: has no user/)
  assert.match(
    mistakes(`${alertmanager}, user: "a:b", password: "\${env:PASSWORD}"`).join(),
    /^2 user: has a character/,
  )
  assert.match(mistakes(`${alertmanager}, ${login}, token: "\${env:TOKEN}"`).join(), /^2 token: stands beside a user/)
})
