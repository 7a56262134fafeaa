import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issuesIn, parseConfig } from './load.ts'
import { defaultReplay, flatReplay, replayOf } from './replay-policy.ts'

const read = (text: string): ReturnType<typeof parseConfig> => parseConfig(text, { file: 'redrive.yaml', env: {} })
const mistakes = (text: string): readonly string[] => {
  try {
    read(text)
  } catch (error) {
    return issuesIn(error).map(({ line, path, message }) => `${line} ${path}: ${message}`)
  }
  return []
}

const from = (document: object) => (field: string) => new Map<string, string | null>(flatReplay(document)).get(field)

test('nothing said means by hand', () => {
  assert.deepEqual(replayOf('transient', []), defaultReplay)
  assert.equal(defaultReplay.when, 'by-hand')
})

test('a queue says field by field what the office does not say for it', () => {
  const policy = replayOf('transient', [
    from({ perHour: 20, after: '0s' }),
    from({ when: 'healthy', perHour: 500, retryEvery: '2h', after: '10m' }),
  ])
  assert.deepEqual(
    [policy.when, policy.perHour, policy.afterMs, policy.retryEveryMs, policy.canary],
    ['healthy', 20, 0, 7_200_000, 5],
  )
})

test('malformed letters are never sent by themselves, and exhausted ones only after a fix', () => {
  for (const when of ['healthy', 'fixed'])
    assert.equal(replayOf('malformed', [from({ when })]).when, 'by-hand', 'whoever wrote it into the database')
  assert.equal(replayOf('exhausted', [from({ when: 'healthy' })]).when, 'by-hand')
  assert.equal(replayOf('exhausted', [from({ when: 'fixed' })]).when, 'fixed')
  const wrong = mistakes(
    [
      'tiers:',
      '  malformed: { replay: { when: fixed } }',
      'queues:',
      '  orders:',
      '    tiers:',
      '      malformed:',
      '        replay:',
      '          when: healthy',
      '      exhausted: { replay: { when: healthy } }',
    ].join('\n'),
  )
  assert.equal(wrong.length, 3)
  assert.match(wrong[0] ?? '', /^2 tiers\.malformed\.replay\.when: .* repair or discard them/)
  assert.match(wrong[1] ?? '', /^8 queues\.orders\.tiers\.malformed\.replay\.when: .* repair or discard them/)
  assert.match(wrong[2] ?? '', /^9 .*: .* say fixed/)
})

test('an address of health is an http address without a secret in it', () => {
  const of = (url: string): readonly string[] =>
    mistakes(`tiers: { transient: { replay: { when: healthy, healthUrl: '${url}' } } }`)
  assert.deepEqual(of('https://inventory.internal:8080/health?deep=1'), [])
  assert.deepEqual(of('http://10.0.0.1'), [])
  for (const url of ['ftp://x', 'https://', 'https://u:p@host/health', 'https://host/${env:TOKEN}', 'https://a b'])
    assert.ok(of(url).length > 0, url)
})

test('times have a unit, and no gap is longer than six hours', () => {
  const of = (field: string, text: string): number =>
    mistakes(`tiers: { transient: { replay: { ${field}: ${text} } } }`).length
  for (const text of ['0s', '30s', '5m', '48h']) assert.equal(of('after', text), 0, text)
  for (const text of ['5', '0m', '1d', '-5m', '5m5']) assert.equal(of('after', text), 1, text)
  for (const text of ['30s', '5m', '299m', '360m', '6h']) assert.equal(of('retryEvery', text), 0, text)
  for (const text of ['0s', '7h', '361m', '1000m']) assert.equal(of('retryEvery', text), 1, text)
})
