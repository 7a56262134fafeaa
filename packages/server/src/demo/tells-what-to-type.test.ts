import assert from 'node:assert/strict'
import { test } from 'node:test'
import { narrator } from './narrator.ts'
import type { AlertRow, OfficeApi, ReviewView } from './office-api.ts'
import { showFirstPage } from './show-page.ts'
import { showReview } from './show-review.ts'

const command = 'npm run -s redrive --'

test('a line of an alert has its id and what to type, however long its title is', () => {
  const { lines, tell } = told()
  const title = `NEW orders: 12 letters, ${'x'.repeat(170)}`
  tell.onNews({ kind: 'office', line: `ALERT raised (page) ${title} a_3rnk62. Next: redrive cause show c_8c5` })
  assert.match(lines.join(''), /a_3rnk62\. Next: npm run -s redrive -- cause show c_8c5\n$/)
})

test('the first page has everything that whoever is on call gets, with what to type', async () => {
  const { lines, tell } = told()
  const pages = [page({ id: 'a_2', saidAt: '2026-12-01T03:00:02Z' }), page({ id: 'a_1' })]
  const known = [page({ id: 'a_0', saidAt: '2026-11-30T03:00:00Z' }), page({ id: 'a_3', saidAt: null })]
  const api = { alerts: async () => [...pages, ...known] } as unknown as OfficeApi
  await showFirstPage({ api }, { narrator: tell, command, since, signal: AbortSignal.timeout(5_000) })
  const text = lines.join('')
  assert.match(text, /\[page\] NEW orders: 1 letter, TypeError: no \\u001b\[31mport/)
  assert.match(text, /release: 1\.4\.0 100 %/)
  assert.match(text, /Next: npm run -s redrive -- cause show c_1\n/)
  assert.match(text, /Take it: npm run -s redrive -- alert ack a_1\n/)
  assert.match(text, /first-failure · queue orders · nobody owns it/)
  assert.doesNotMatch(text, /a_0|a_2|a_3/)
})

test('the review has its decisions, each with what to type', async () => {
  const { lines, tell } = told()
  const shown = Array.from({ length: 7 }, (_, at) => ({
    what: `cause ${at}`,
    why: 'nobody has looked at it',
    command: `redrive cause show c_${at}`,
  }))
  const review: ReviewView = { headline: '7 causes', decisions: { count: 9, shown } }
  await showReview({ api: { review: async () => review } as unknown as OfficeApi }, { narrator: tell, command })
  const text = lines.join('')
  assert.match(text, /1\. cause 0: nobody has looked at it\n +npm run -s redrive -- cause show c_0\n/)
  assert.match(text, /4 more.*npm run -s redrive -- review\n/)
})

const since = '2026-12-01T03:00:00Z'

function page(some: Partial<AlertRow>): AlertRow {
  return {
    id: 'a_1',
    rule: 'first-failure',
    urgency: 'page',
    title: 'NEW orders: 1 letter, TypeError: no \u001b[31mport',
    queue: 'orders',
    owner: null,
    facts: [{ name: 'release', value: '1.4.0 100 %' }],
    next: 'redrive cause show c_1',
    runbook: null,
    saidAt: '2026-12-01T03:00:01Z',
    ...some,
  }
}

function told() {
  const lines: string[] = []
  return { lines, tell: narrator({ command, write: (text) => void lines.push(text) }) }
}
