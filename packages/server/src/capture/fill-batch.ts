import type { Delivery } from '@redrive/worker'
import type { Fingerprint, FingerprintInput } from '@redrive/worker/fingerprint'
import type pg from 'pg'
import { type CauseAssigner, causeIdOf, type RuleKeeper } from '../causes/index.ts'
import type { Redactor } from '../masking/index.ts'
import { knownIdentities } from '../store/letters.ts'
import type { Queue, QueueKey } from '../store/queues.ts'
import { findUnsettled } from '../store/unsettled.ts'
import type { UuidSource } from '../store/uuid.ts'
import type { Batch } from './batch.ts'
import { parseReceipt } from './parse-receipt.ts'
import { parseReport } from './parse-report.ts'
import type { ReportPlacer } from './place-report.ts'
import type { Positions } from './positions.ts'
import type { QueueRegistry } from './queue-registry.ts'
import {
  fingerprintInput,
  letterToPlace,
  type PlacedLetter,
  type RecognisedLetter,
  recogniseLetter,
  termsOfLetter,
} from './recognise-letter.ts'
import { redactLetter } from './redact-letter.ts'

/** What a source's deliveries are read with. */
export interface FillContext {
  readonly pool: pg.Pool
  readonly brokerName: string
  readonly system: string
  readonly place: string
  readonly role: 'dead-letter' | 'receipts'
  readonly sourceId: number
  readonly queues: QueueRegistry
  readonly reports: ReportPlacer
  readonly causes: CauseAssigner
  readonly rules: RuleKeeper
  readonly positions: Positions
  readonly fingerprint: (input: FingerprintInput) => Fingerprint
  readonly nextId: UuidSource
  /** What is never kept of letters of a queue, by all its names; `null`: everything is kept. */
  readonly redactorOf: (names: readonly string[]) => Redactor | null
  /** A letter could not be looked through: its content is not kept. */
  readonly onWithheld: (letterId: string, why: string) => void
  /** Asks the database until it answers. Rejects only when capture stops. */
  patiently<T>(ask: () => Promise<T>): Promise<T>
}

/** Work between two looks at the sockets: while this batch is read, the one before it is on its way to the database. */
const sliceMs = 0.5

/**
 * Reads, recognises, groups and encodes deliveries into a batch.
 * @param others batches that are not committed yet
 */
export async function fillBatch(
  context: FillContext,
  batch: Batch,
  options: { readonly deliveries: readonly Delivery[]; readonly others: readonly Batch[] },
): Promise<void> {
  const yielding = slices()
  const recognised: RecognisedLetter[] = []
  for (const delivery of options.deliveries) {
    if (context.positions.isBehind(delivery)) batch.addSkipped(delivery)
    else {
      const report = context.role === 'receipts' ? parseReport(delivery.message.body) : null
      const receipt = context.role === 'receipts' && report === null ? parseReceipt(delivery.message.body) : null
      context.positions.passed(delivery)
      if (report !== null) batch.addReport(delivery, await context.reports.place(report))
      else if (receipt !== null) batch.addReceipt(delivery, receipt)
      else recognised.push(recogniseLetter(delivery, { system: context.system, id: context.nextId() }))
    }
    if (yielding.due()) await yielding.pause()
  }
  const duplicates = await findDuplicates(context, recognised, [batch, ...options.others])
  for (const letter of recognised) {
    const duplicate = duplicates.take(letter)
    if (duplicate !== undefined) batch.addDuplicate(letter.delivery, duplicate.of)
    else {
      const key = queueKey(context, letter)
      const queue = context.queues.known(key) ?? (await context.patiently(() => context.queues.make(key)))
      const kept = asKept(context, letter, queue)
      const placed = placeKnown(context, kept, queue) ?? (await placeLetter(context, kept, queue))
      batch.addLetter(placed, { sourceId: context.sourceId })
    }
    if (yielding.due()) await yielding.pause()
  }
}

/**
 * Without what is never kept. The place it lies in and the one it came from count as names of its queue: who writes letters, or makes up too many
 * places, must not be able to choose the rules.
 */
function asKept(context: FillContext, letter: RecognisedLetter, queue: Queue): RecognisedLetter {
  const { place, system } = context
  const redactor = context.redactorOf([queue.name, letter.read.facts.originPlace ?? place, place])
  if (redactor === null) return letter
  const { kept, problem } = redactLetter(letter, { redactor, system })
  if (problem !== null) context.onWithheld(letter.idText, problem)
  return kept
}

/** At once, as most letters are of a queue and a cause that were seen before; `undefined` for the others. */
function placeKnown(context: FillContext, letter: RecognisedLetter, queue: Queue): PlacedLetter | undefined {
  const fingerprint = context.fingerprint(fingerprintInput(letter, queue))
  const assignment = context.causes.known(fingerprint)
  const rules = context.rules.current
  if (assignment === undefined || rules === null) return undefined
  const { cause: home, teaches } = assignment
  const known = { queue, fingerprint, home, teaches, rulesVersion: rules.version }
  if (rules.isEmpty) return placed(letter, { ...known, led: null })
  const place = rules.place(causeIdOf(home).toString(), letterToPlace(letter, queue))
  if (place.kind === 'unknown-value') return undefined
  return placed(letter, { ...known, led: place.kind === 'led' ? place.to : null })
}

async function placeLetter(context: FillContext, letter: RecognisedLetter, queue: Queue): Promise<PlacedLetter> {
  const fingerprint = context.fingerprint(fingerprintInput(letter, queue))
  const assignment =
    context.causes.known(fingerprint) ?? (await context.patiently(() => context.causes.assign(fingerprint)))
  const { cause: home, teaches } = assignment
  return placed(letter, {
    queue,
    fingerprint,
    home,
    teaches,
    ...(await context.patiently(() => ruled(context.rules, { ...letter, home, queue }))),
  })
}

/** Where the rules lead it, as they are now. */
export async function ruled(
  rules: RuleKeeper,
  letter: Pick<PlacedLetter, 'read' | 'message' | 'home' | 'queue'>,
): Promise<Pick<PlacedLetter, 'led' | 'rulesVersion'>> {
  const { place, version } = await rules.place(causeIdOf(letter.home).toString(), letterToPlace(letter, letter.queue))
  return { led: place.kind === 'led' ? place.to : null, rulesVersion: version }
}

function queueKey({ brokerName, system, place }: FillContext, { read }: RecognisedLetter): QueueKey {
  return { broker: brokerName, system, place: read.facts.originPlace ?? place }
}

function placed(letter: RecognisedLetter, where: Omit<PlacedLetter, keyof RecognisedLetter | 'terms'>): PlacedLetter {
  return { ...letter, ...where, terms: termsOfLetter(letter) }
}

interface Duplicates {
  /** Says whether this delivery is a letter that is captured already, and which where only the content said so. */
  take(letter: RecognisedLetter): { readonly of: string | null } | undefined
}

/** Positions need no search: they are only ever read forward. */
async function findDuplicates(
  context: FillContext,
  letters: readonly RecognisedLetter[],
  batches: readonly Batch[],
): Promise<Duplicates> {
  const stable = letters.filter(({ identity, delivery }) => identity.kind === 'stable' && delivery.position === null)
  const again = letters.filter(({ identity, delivery }) => identity.kind === 'content' && delivery.redelivered)
  const known = new Set(
    stable.length === 0
      ? []
      : await context.patiently(() =>
          knownIdentities(
            context.pool,
            context.sourceId,
            stable.map(({ identity }) => identity.bytes),
          ),
        ),
  )
  const contents = again.flatMap(({ identity }) => (identity.kind === 'content' ? [identity.contentHash] : []))
  const unsettled =
    contents.length === 0
      ? new Map<string, string[]>()
      : await context.patiently(() => findUnsettled(context.pool, context.sourceId, contents))
  const claimed = new Set(batches.flatMap((batch) => batch.again))
  return {
    take({ identity, delivery }) {
      if (identity.kind === 'content') {
        if (!delivery.redelivered) return undefined
        const of = unsettled.get(identity.contentHash.toString('hex'))?.find((id) => !claimed.has(id))
        if (of !== undefined) claimed.add(of)
        return of === undefined ? undefined : { of }
      }
      if (delivery.position !== null) return undefined
      const at = identity.bytes.toString('hex')
      if (known.has(at) || batches.some((batch) => batch.identities.has(at))) return { of: null }
      known.add(at)
      return undefined
    },
  }
}

function slices(): { due(): boolean; pause(): Promise<void> } {
  let since = performance.now()
  let calls = 0
  return {
    due: () => (++calls & 3) === 0 && performance.now() - since >= sliceMs,
    pause: () =>
      new Promise((resolve) => {
        setImmediate(() => {
          since = performance.now()
          resolve()
        })
      }),
  }
}
