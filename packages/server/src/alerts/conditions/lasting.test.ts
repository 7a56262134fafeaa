import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../doctor/index.ts'
import { lastingFindings } from './lasting.ts'

const finding = (code: Finding['code'], what: string): Finding => ({
  code,
  severity: 'problem',
  queue: null,
  what,
  why: '',
  next: '',
})

test('a source in trouble counts when two looks in a row find it, whatever the trouble; all else counts at once', async () => {
  const looks: (readonly Finding[])[] = [
    [finding('source-in-trouble', 'letters of a are not read: starting'), finding('books-unbalanced', '3 letters')],
    [finding('source-in-trouble', 'letters of b are not read: paused')],
    [
      finding('source-in-trouble', 'letters of b are not read: stopped'),
      finding('source-in-trouble', 'letters of a are not read: paused'),
    ],
    [],
    [finding('source-in-trouble', 'letters of b are not read: paused')],
  ]
  const find = lastingFindings(async () => looks.shift() ?? [])
  const found: string[][] = []
  for (let look = 0; look < 5; look++) found.push((await find()).map(({ what }) => what))
  assert.deepEqual(found, [['3 letters'], [], ['letters of b are not read: stopped'], [], []])
})
