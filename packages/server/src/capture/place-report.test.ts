import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrafficReport } from '@redrive/worker'
import { reportPlacer } from './place-report.ts'
import type { QueueRegistry } from './queue-registry.ts'

const report = (queue: string, consumer: string): TrafficReport => ({
  id: '019b7c1e-5d2f-4c6e-8a3b-7f1d2c4e6a80',
  ...{ queue, consumer, fromMs: 0, toMs: 0, handled: 0, retried: 0, discarded: 0, skipped: 0, died: {} },
  worker: { service: '', release: null, host: null },
  samples: [],
})

/** @param most queues it takes */
function placer(most: number) {
  const known = new Map<string, { readonly id: number; readonly name: string }>()
  const queues: QueueRegistry = {
    known: ({ place }) => known.get(place),
    async make({ place }) {
      const queue = { id: known.size + 1, name: place }
      if (known.size < most) known.set(place, queue)
      return queue
    },
  }
  const keyOf = (place: string) => ({ broker: 'main', system: 'memory', place })
  return reportPlacer({ queues, keyOf, patiently: (ask) => ask(), redactorOf: () => null })
}

test('beyond fifty consumers of a queue, all others are one', async () => {
  const reports = placer(10)
  const names: (string | undefined)[] = []
  for (let n = 0; n < 60; n++) names.push((await reports.place(report('orders', `c${n}`)))?.consumer)
  assert.deepEqual(new Set(names.slice(50)), new Set(['(others)']))
  assert.equal(new Set(names).size, 51)
  assert.equal((await reports.place(report('orders', 'c7')))?.consumer, 'c7')
  assert.equal((await reports.place(report('bills', 'c59')))?.consumer, 'c59')
})

test('a report of one queue too many is taken and not counted for another queue', async () => {
  const reports = placer(1)
  assert.equal((await reports.place(report('orders', 'a')))?.queueId, 1)
  assert.equal(await reports.place(report('bills', 'a')), null)
})
