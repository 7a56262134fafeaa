import type { LedgerReport } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { addUp } from './bounded.ts'
import { contentType, exposition, type Family } from './exposition.ts'
import { metricsOfProcess } from './of-process.ts'
import { metricsOfStore } from './of-store.ts'

interface Measured {
  readonly version: string
  readonly startedAt: Date
  readonly store: Store
  readonly books: { recent(): Promise<LedgerReport> }
  readonly captures: () => readonly {
    readonly broker: string
    readonly place: string
    readonly role: string
    readonly state: string
  }[]
}

/**
 * What Prometheus scrapes. Without the database it fails, and with it the scrape: `up` is 0 then, as when the office is down.
 * @returns the text and its content type
 */
export async function metrics(office: Measured): Promise<{ readonly text: string; readonly contentType: string }> {
  const [ofStore, books] = await Promise.all([metricsOfStore(office.store), office.books.recent()])
  const families: Family[] = [
    {
      name: 'redrive_capture_up',
      type: 'gauge',
      help: '1 while a place is being captured, 0 while capture is paused, stopped or in trouble.',
      samples: addUp(
        office.captures().map(({ broker, place, role, state }) => ({
          labels: { broker, place, role },
          value: state === 'running' ? 1 : 0,
        })),
      ),
    },
    ...ofStore,
    ...metricsOfBooks(books),
    ...metricsOfProcess(office),
  ]
  return { text: exposition(families), contentType }
}

function metricsOfBooks({ unaccounted, at, sources }: LedgerReport): readonly Family[] {
  return [
    {
      name: 'redrive_unaccounted_letters',
      type: 'gauge',
      help: 'Letters on which the books and an independent count do not agree. Anything but 0 is wrong.',
      samples: [{ value: unaccounted }],
    },
    {
      name: 'redrive_books_checked_timestamp_seconds',
      type: 'gauge',
      help: 'When the books were last checked, in Unix time.',
      samples: [{ value: at.getTime() / 1_000 }],
    },
    {
      name: 'redrive_source_delivered_total',
      type: 'counter',
      help: 'Messages that a dead-letter place or receipts place delivered and that were committed.',
      samples: addUp(
        sources.map(({ broker, place, role, delivered }) => ({ labels: { broker, place, role }, value: delivered })),
      ),
    },
  ]
}
