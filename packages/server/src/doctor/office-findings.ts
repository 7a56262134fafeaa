import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'

/** What is known of a place that is read, as in the status. */
export interface CaptureState {
  readonly broker: string
  readonly place: string
  readonly role: 'dead-letter' | 'receipts'
  readonly state: string
  readonly reason: string | null
  /** Queues at their caps, where that is all that it waits for. */
  readonly waitsForRoomIn?: readonly string[]
}

export function bookFindings(unaccounted: number): readonly Finding[] {
  if (unaccounted === 0) return []
  return [
    {
      code: 'books-unbalanced',
      severity: 'problem',
      queue: null,
      what: `${counted(unaccounted, 'letter')} unaccounted for`,
      why: 'the books and an independent count do not agree: something wrote what it should not',
      next: 'redrive ledger   (keep its output, stop replaying, report it)',
    },
  ]
}

export async function sourceFindings(store: Store, captures: readonly CaptureState[]): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{ broker: string; place: string; role: string; letters: string }>(
    `select s.broker, s.place, s.role, coalesce(sum(p.letters), 0) as letters
     from source s left join source_position p on p.source_id = s.id group by s.id order by s.broker, s.place`,
  )
  const isRead = (source: { broker: string; place: string }): boolean =>
    captures.some(({ broker, place }) => broker === source.broker && place === source.place)
  const left = rows.filter((source) => !isRead(source))
  return [
    // What waits for room is told with the queue that has none.
    ...captures
      .filter(({ state, waitsForRoomIn = [] }) => state !== 'running' && waitsForRoomIn.length === 0)
      .map(inTrouble),
    ...left.map(notCaptured),
    ...(captures.some(({ role }) => role === 'dead-letter') ? [] : [nothingCaptured]),
  ]
}

function inTrouble({ broker, place, role, state, reason }: CaptureState): Finding {
  const what = role === 'receipts' ? 'receipts' : 'dead letters'
  return {
    code: 'source-in-trouble',
    severity: 'problem',
    queue: null,
    what: `${what} from ${place} on ${broker} are not read: ${state}`,
    why: `${reason ?? 'the office stops'}; they wait at the broker`,
    next: 'redrive status   (it goes on by itself once that is mended)',
  }
}

function notCaptured({
  broker,
  place,
  role,
  letters,
}: {
  broker: string
  place: string
  role: string
  letters: string
}): Finding {
  const isReceipts = role === 'receipts'
  return {
    code: 'source-not-captured',
    severity: 'warning',
    queue: null,
    what: `${place} on ${broker} was read before, and this office does not read it`,
    why: isReceipts
      ? 'what becomes of replays is not heard of; fine if another office on this database reads it'
      : `${counted(Number(letters), 'letter')} came from it; what dies there now is not seen. Fine if another office on this database reads it, or it is gone`,
    next: isReceipts
      ? 'name it under brokers.*.receipts in redrive.yaml, then: redrive serve --check'
      : 'name it under brokers.*.deadLetters in redrive.yaml, then: redrive serve --check',
  }
}

const nothingCaptured: Finding = {
  code: 'nothing-captured',
  severity: 'warning',
  queue: null,
  what: 'this office reads no dead-letter place',
  why: 'redrive.yaml names none, so no letter comes in',
  next: 'name one under brokers.*.deadLetters in redrive.yaml, then: redrive serve --check',
}

/** What the office knows of the disk of its own database. */
export interface DiskSpace {
  readonly freeBytes: number
  /** Below it nothing is taken in. */
  readonly minFreeBytes: number
}

const nearly = 4

export function diskFindings(space: DiskSpace | null): readonly Finding[] {
  if (space === null || space.freeBytes >= space.minFreeBytes * nearly) return []
  const isFull = space.freeBytes < space.minFreeBytes
  return [
    {
      code: 'disk-nearly-full',
      severity: isFull ? 'problem' : 'warning',
      queue: null,
      what: `${mebibytes(space.freeBytes)} are free where the database is`,
      why: isFull
        ? `below ${mebibytes(space.minFreeBytes)} no letter is taken in; they wait at the broker`
        : `below ${mebibytes(space.minFreeBytes)} no letter would be taken in`,
      next: 'make space where the data folder is: docs/operate/disk-full.md',
    },
  ]
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024).toLocaleString('en-US')} MiB`
}
