import type { Notice } from '../alerts/index.ts'

/** A page about a new cause, with what is given changed. */
export function noticeOf(changes: Partial<Notice> = {}): Notice {
  return {
    alert: 'a_00000000000000000000000000',
    change: 'raised',
    rule: 'first-failure',
    urgency: 'page',
    queue: 'orders',
    owner: null,
    title: 'NEW orders: 1 letter, TaxRateMissing',
    facts: [{ name: 'tier', value: 'permanent' }],
    next: 'redrive cause show c_7f3k',
    links: { acknowledge: null, runbook: null },
    raisedAt: '2026-11-29T00:00:00.000Z',
    at: '2026-11-29T00:00:00.000Z',
    ...changes,
  }
}
