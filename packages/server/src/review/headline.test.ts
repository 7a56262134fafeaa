import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headline } from './headline.ts'
import { noFlow } from './review.ts'

const end = '2026-11-23T00:00:00.000Z'
const later = '2026-11-25T00:00:00.000Z'
const said = (waiting: number, waitsNow: number, madeAt: string): string =>
  headline({
    causes: { count: 0 } as never,
    total: { ...noFlow, waiting, waitedBefore: 0 },
    before: noFlow,
    week: '2026-W47',
    to: end,
    madeAt,
    waitsNow,
  })

for (const [waiting, waitsNow, madeAt, sentence] of [
  [0, 0, end, 'No letter came in; nothing waits.'],
  [1, 1, end, 'No letter came in; 1 waits.'],
  [2, 2, end, 'No letter came in; 2 wait.'],
  [0, 0, later, 'No letter came in; nothing waited at the end.'],
  [0, 30, later, 'No letter came in; nothing waited at the end, 30 when this was made.'],
  [1_290, 0, later, 'No letter came in; 1,290 waited at the end, nothing when this was made.'],
  [1_290, 1_290, later, 'No letter came in; 1,290 waited at the end.'],
] as const)
  test(sentence, () => assert.equal(said(waiting, waitsNow, madeAt), sentence))
