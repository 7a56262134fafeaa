import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createCauseIndex, fingerprint } from './index.ts'

interface Report {
  readonly id: string
  readonly language: string
  readonly queue: string
  readonly consumer: string
  readonly errorClass: string | null
  readonly message: string | null
  readonly stack: string | null
  readonly cause: string
  readonly hard: boolean
}

const folder = join(import.meta.dirname, '../../fixtures/traces')
const reports: Report[] = gunzipSync(readFileSync(join(folder, 'reports.jsonl.gz')))
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

/** The half the grouping was written against, and the one it was checked on: every other cause of a language, by name. */
const halves = { first: half(0), second: half(1), all: new Set(reports.map(({ cause }) => cause)) }

for (const [name, causes] of Object.entries(halves)) {
  for (const order of ['file', 'reverse'] as const) {
    test(`${name}, in ${order} order: pair precision >= 0.99, recall >= 0.90`, () => {
      const chosen = reports.filter(({ cause }) => causes.has(cause))
      const { precision, recall } = score(group(order === 'file' ? chosen : chosen.toReversed()))
      assert.ok(precision >= 0.99, `precision ${precision}`)
      assert.ok(recall >= 0.9, `recall ${recall}`)
    })
  }
}

test('no pair that must stay apart is put together, and nearly all that belong together are', () => {
  const groups = group(reports)
  const pairs: { a: string; b: string; same: boolean; hard: boolean }[] = JSON.parse(
    readFileSync(join(folder, 'pairs.json'), 'utf8'),
  )
  const named = pairs.filter(({ a, b, hard }) => !hard && groups.has(a) && groups.has(b))
  const wrong = named.filter(({ a, b, same }) => !same && groups.get(a) === groups.get(b))
  assert.deepEqual(wrong, [])
  const same = named.filter(({ same }) => same)
  const together = same.filter(({ a, b }) => groups.get(a) === groups.get(b))
  assert.ok(together.length >= 0.9 * same.length, `${together.length} of ${same.length}`)
})

function half(parity: number): Set<string> {
  const languages = new Map<string, Set<string>>()
  for (const { language, cause } of reports) languages.set(language, (languages.get(language) ?? new Set()).add(cause))
  return new Set(
    [...languages.values()].flatMap((causes) => [...causes].sort().filter((_, index) => index % 2 === parity)),
  )
}

/** Online, in the order given, as letters would be captured. */
function group(list: readonly Report[]): Map<string, string> {
  const index = createCauseIndex()
  return new Map(
    list.map(({ id, queue, consumer, errorClass, message, stack }) => [
      id,
      index.assign(
        fingerprint({
          queue,
          consumer,
          errorClass: errorClass ?? null,
          message: message ?? null,
          stack: stack ?? null,
        }),
      ).cause,
    ]),
  )
}

function score(groups: ReadonlyMap<string, string>): { precision: number; recall: number } {
  const counted = reports.filter(({ id, hard }) => !hard && groups.has(id))
  const pairs = (key: (report: Report) => string): number => {
    const counts = new Map<string, number>()
    for (const report of counted) counts.set(key(report), (counts.get(key(report)) ?? 0) + 1)
    return [...counts.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0)
  }
  const right = pairs(({ id, cause }) => `${groups.get(id)} ${cause}`)
  return { precision: right / pairs(({ id }) => groups.get(id) ?? ''), recall: right / pairs(({ cause }) => cause) }
}
