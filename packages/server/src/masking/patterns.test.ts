import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PatternName, patternNames } from '../config/index.ts'
import { patterns } from './patterns.ts'

const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----'
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'

const yes: Readonly<Record<PatternName, readonly string[]>> = {
  email: ['erika@example.com', 'e.m+x@mail.example.co.uk', 'müller@exämple.de', 'erika%40example.com'],
  'card-number': [
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '378282246310005',
    '5555555555554444',
  ],
  iban: ['DE89370400440532013000', 'DE89 3704 0044 0532 0130 00', 'gb29nwbk60161331926819', 'NO9386011117947'],
  jwt: [jwt],
  'secret-key': [
    'AKIAIOSFODNN7EXAMPLE',
    `ghp_${'a1B2'.repeat(9)}`,
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'xoxb-123456789012-abcdefGHIJ',
    `AIza${'x'.repeat(35)}`,
    'Bearer abcdef0123456789',
    'user:hunter2secret',
  ],
  'private-key': [key, key.replaceAll('RSA ', ''), key.replaceAll('\n', '\\n')],
}
/** What stands around it. */
const around = (name: PatternName, value: string): readonly (readonly [string, string])[] =>
  name === 'secret-key' && value.startsWith('user:')
    ? [['amqp://', '@broker:5672/x']]
    : [
        ['', ''],
        ['no answer for ', ', gave up'],
        ['(', ')'],
        ['<b>', '</b>'],
        ['a="', '"'],
        ['Ünï ', '\nat x'],
      ]

const no: Readonly<Record<PatternName, readonly string[]>> = {
  email: ['@', 'a@', '@b.c', 'retry @3 times', 'npm i @redrive/worker', 'at 5@home ok'],
  'card-number': [
    '4111111111111112',
    '1764450000005',
    '41111111111111111111111',
    '4111 1111',
    '2026-11-29 21:07:10.123',
    'e3b0c44298fc1c1c4111111111111111fb92427ae41e4649b934ca495991b7ab',
  ],
  iban: ['DE89370400440532013001', 'ZZ89370400440532013000', 'DE89 3704', 'order AB12 failed'],
  jwt: ['eyJhbGciOiJIUzI1NiJ9 alone', 'eyes.of.mine', 'abceyJhbGciOiJIUzI1NiJ9.x'],
  'secret-key': ['AKIA', 'sk_live_', 'a task-force', 'http://host:8080/path', 'Bearer of news'],
  'private-key': ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', '-----BEGIN PUBLIC KEY-----'],
}

test('each pattern finds exactly what looks like it, wherever it stands', () => {
  for (const name of patternNames) {
    for (const value of yes[name]) {
      for (const [before, after] of around(name, value)) {
        const text = before + value + after
        const found = patterns[name](text).map(({ at, end }) => text.slice(at, end))
        assert.deepEqual(found, [value], `${name} in ${text}`)
        const twice = `${text} ${text}`
        assert.equal(patterns[name](`${text}\n\n${text}`).length, name === 'private-key' && twice === '' ? 1 : 2, twice)
      }
    }
    for (const text of no[name]) assert.deepEqual(patterns[name](text), [], `${name} in ${text}`)
  }
})

test('what was cut off is found as far as it is there', () => {
  const cut = (name: PatternName, text: string): string => {
    const [found] = patterns[name](text)
    return found === undefined ? '' : text.slice(found.at, found.end)
  }
  assert.equal(cut('private-key', `x ${key.slice(0, 45)}`), key.slice(0, 45))
  assert.equal(cut('jwt', `x ${jwt.slice(0, 12)}`), jwt.slice(0, 12))
  assert.equal(cut('jwt', `x ${jwt.slice(0, 12)}…`), jwt.slice(0, 12))
  assert.match(cut('email', 'no answer for erika@exam…'), /^erika@exam/)
  assert.equal(cut('email', 'no answer for erika@exam'), 'erika@exam')
})

test('no text keeps a pattern busy', () => {
  const n = 1_000_000
  const hostile = [
    'a'.repeat(n),
    '@'.repeat(n),
    'a@'.repeat(n / 2),
    '%40'.repeat(n / 3),
    'a'
      .repeat(64)
      .concat('@')
      .repeat(n / 65),
    '4'.repeat(n),
    '4 '.repeat(n / 2),
    '41111111111111 '.repeat(n / 15),
    'DE89'.repeat(n / 4),
    'DE89 '.repeat(n / 5),
    'eyJ'.repeat(n / 3),
    'eyJaaaaaa'.concat(' '.repeat(20)).repeat(n / 29),
    `eyJ${'a'.repeat(n)} `,
    `eyJaaaaaaa${' '.repeat(n)}x`,
    '-----BEGIN '.repeat(n / 11),
    '-----BEGIN PRIVATE KEY-----'.repeat(n / 27),
    '-----BEGIN PRIVATE KEY----------END '.repeat(n / 36),
    '://'.repeat(n / 3),
    `://${'a'.repeat(n)}`,
    '://a:'.repeat(n / 5),
    'AKIA'.repeat(n / 4),
    'sk-'.repeat(n / 3),
    'Bearer '.repeat(n / 7),
    'SG.'.repeat(n / 3),
    'e3b0c44298fc1c1441111111111111119'.repeat(n / 33),
  ]
  for (const text of hostile) {
    for (const name of patternNames) {
      const before = process.cpuUsage()
      patterns[name](text)
      const tookMs = process.cpuUsage(before).user / 1_000
      assert.ok(tookMs < 3_000, `${name} took ${tookMs} ms for ${text.slice(0, 40)}…`)
    }
  }
})
