import type { CapKeeper } from '../caps/index.ts'
import { causeIdOf, type RuleKeeper } from '../causes/index.ts'
import { type KnownLetter, lettersByIdentity } from '../store/letters.ts'
import { PositionMoved } from '../store/sources.ts'
import { isConnectionTrouble, type Store } from '../store/store.ts'
import { Batch } from './batch.ts'
import { type CaptureHooks, commitBatch, RulesMoved, WasDeleted, wasCommitted } from './commit-batch.ts'
import type { CaptureEvent } from './events.ts'
import { ruled } from './fill-batch.ts'
import { identityAfterRewind } from './identity.ts'
import type { Patience } from './patience.ts'
import type { Positions } from './positions.ts'
import { emptied, type PlacedLetter } from './recognise-letter.ts'
import { traceCaptured } from './trace-captured.ts'
import { QueueFull } from './within-caps.ts'

export interface CommitContext {
  readonly store: Store
  readonly place: string
  readonly sourceId: number
  readonly positions: Positions
  readonly rules: RuleKeeper
  /** `null`: what comes is taken whatever its queues keep. */
  readonly caps: CapKeeper | null
  readonly hooks: CaptureHooks
  readonly patience: Patience
  readonly onEvent: (event: CaptureEvent) => void
  /** Resolves once what a broker removed unread is written down: a position must not pass over it before. */
  lossesNoted(): Promise<unknown>
  /** Takes the letters whose acknowledgement has arrived since it was last asked. */
  takeSettled(): readonly string[]
}

/**
 * Commits a batch, whatever it takes: waits for a database that is away, finds out whether a commit without an answer took effect, and
 * when the data itself is refused cuts the batch in halves until the letter at fault is alone; that one is kept with its bytes and
 * without facts. Never drops anything.
 * @throws PositionMoved: somebody else read on; QueueFull: there is no room for it; of neither anything may be acknowledged
 */
export async function commitSurely(context: CommitContext, batch: Batch): Promise<void> {
  if (batch.isVoid) return
  const fromMs = Date.now()
  await context.lossesNoted()
  const settled = context.takeSettled()
  let retrying = false
  for (;;) {
    const moves = await context.patience.ask(() => context.positions.moves(batch))
    const result = await context.patience.ask(
      () => attempt(context, batch, { moves, settled, retrying }),
      () => {
        retrying = true
      },
    )
    if (result.kind === 'done') {
      context.positions.committed(moves)
      traceCaptured(batch, { place: context.place, fromMs })
      tell(context, batch, result.made)
      return
    }
    if (result.kind === 'refused') return commitInHalves(context, batch, result.error)
    batch = await (result.kind === 'known' ? withoutKnown(context, batch) : placedAnew(context, batch))
  }
}

type Result =
  | { readonly kind: 'done'; readonly made: readonly bigint[] }
  | { readonly kind: 'known' }
  | { readonly kind: 'rules-moved' }
  | { readonly kind: 'refused'; readonly error: Error }

interface AttemptOptions {
  readonly moves: Awaited<ReturnType<Positions['moves']>>
  readonly settled: readonly string[]
  readonly retrying: boolean
}

async function attempt(
  { store, sourceId, hooks, caps: keeper }: CommitContext,
  batch: Batch,
  { retrying, ...rest }: AttemptOptions,
): Promise<Result> {
  if (retrying && (await wasCommitted(store, batch))) return { kind: 'done', made: [] }
  const caps = (await keeper?.current()) ?? null
  try {
    return { kind: 'done', made: await commitBatch(store, batch, { ...rest, sourceId, hooks, caps }) }
  } catch (error) {
    if (error instanceof RulesMoved) return { kind: 'rules-moved' }
    if (error instanceof WasDeleted) return { kind: 'known' }
    if (error instanceof PositionMoved || error instanceof QueueFull || isConnectionTrouble(error)) throw error
    const constraint = constraintOf(error)
    if (constraint === 'letter_source_id_identity_key') return { kind: 'known' }
    // Our own ids are there: an earlier try took effect after all, after we had asked.
    if (constraint === 'letter_pkey') throw error
    if (error instanceof Error && isRefusal(error) && batch.letters.length > 0) return { kind: 'refused', error }
    throw error
  }
}

async function commitInHalves(context: CommitContext, batch: Batch, error: Error): Promise<void> {
  const source = { sourceId: context.sourceId }
  if (batch.size > 1) {
    const middle = Math.ceil(batch.size / 2)
    for (const items of [batch.items.slice(0, middle), batch.items.slice(middle)]) {
      const half = new Batch()
      for (const item of items) half.addItem(item, source)
      await commitSurely(context, half)
    }
    return
  }
  const letter = batch.letters[0]
  if (letter === undefined || letter.hostile !== null) return context.patience.ask(() => Promise.reject(error))
  const alone = new Batch()
  const why = `not storable as read: ${error.message}`
  const bare = emptied(letter, why)
  alone.addLetter({ ...bare, ...(await context.patience.ask(() => ruled(context.rules, bare))) }, source)
  await commitSurely(context, alone)
}

/** The same batch by the rules as they are now. */
async function placedAnew(context: CommitContext, batch: Batch): Promise<Batch> {
  await context.patience.ask(() => context.rules.read())
  const result = new Batch()
  for (const item of batch.items) {
    if (item.kind !== 'letter') result.addItem(item, context)
    else {
      const { letter } = item
      const where = await context.patience.ask(() => ruled(context.rules, letter))
      result.addLetter({ ...letter, ...where }, context)
    }
  }
  return result
}

/** The same batch with letters that are there already as duplicates; the same position with other bytes is another letter. */
async function withoutKnown(context: CommitContext, batch: Batch): Promise<Batch> {
  const { letters } = batch
  const known = new Map<string, Omit<KnownLetter, 'identity'>>(
    (
      await context.patience.ask(() =>
        lettersByIdentity(
          context.store.pool,
          context.sourceId,
          letters.map(({ identity }) => identity.bytes),
        ),
      )
    ).map((letter) => [letter.identity, letter]),
  )
  const source = { sourceId: context.sourceId }
  const result = new Batch()
  for (const item of batch.items) {
    if (item.kind !== 'letter') {
      result.addItem(item, source)
      continue
    }
    const at = item.letter.identity.bytes.toString('hex')
    const before = known.get(at)
    if (before === undefined) {
      result.addLetter(item.letter, source)
      known.set(at, {
        body_sha256: item.letter.bodySha256.toString('hex'),
        timestamp_ms: timeOf(item.letter),
        is_redacted: item.letter.redacted.length > 0,
      })
    } else if (isSameMessage(before, item.letter)) result.addDuplicate(item.letter.delivery)
    else result.addLetter(rewound(item.letter), source)
  }
  return result
}

/**
 * Of an erased letter no hash is kept: the same position with the same time is the same message, and what has no time is known by its name alone.
 * What is left of two messages after redaction may be the same, and that of one may differ after rules have changed: their times say so, where they have any.
 */
function isSameMessage(before: Omit<KnownLetter, 'identity'>, letter: PlacedLetter): boolean {
  const time = timeOf(letter)
  const areTimed = before.timestamp_ms !== null && time !== null
  if (before.body_sha256 === null) return !areTimed || before.timestamp_ms === time
  if (before.is_redacted || letter.redacted.length > 0) {
    if (letter.identity.kind === 'stable' && letter.identity.isOfBody) return true
    if (areTimed) return before.timestamp_ms === time
  }
  return before.body_sha256 === letter.bodySha256.toString('hex')
}

function timeOf({ message: { timestampMs } }: PlacedLetter): string | null {
  return timestampMs === undefined ? null : String(timestampMs)
}

function rewound(letter: PlacedLetter): PlacedLetter {
  return {
    ...letter,
    identity: {
      kind: 'stable',
      bytes: identityAfterRewind(letter.identity.bytes, letter.bodySha256),
      isOfBody: false,
    },
  }
}

function tell({ place, onEvent }: CommitContext, batch: Batch, made: readonly bigint[]): void {
  const news = new Set(made)
  for (const letter of batch.letters) {
    if (letter.hostile !== null) onEvent({ kind: 'hostile', place, letterId: letter.idText, reason: letter.hostile })
    if (news.size === 0) continue
    const causeId = letter.led === null ? causeIdOf(letter.home) : BigInt(letter.led.id)
    if (!news.delete(causeId)) continue
    const title = letter.led?.title ?? letter.fingerprint.title
    onEvent({ kind: 'cause', place, causeId, queue: letter.queue.name, title })
  }
  onEvent({
    kind: 'captured',
    place,
    letters: batch.count('letters'),
    duplicates: batch.count('duplicates'),
    receipts: batch.count('receipts'),
  })
}

/** The data was refused: SQLSTATE classes 22 (data), 23 (constraint), 54 (too large), 0A (not supported), or our encoding. */
function isRefusal(error: Error): boolean {
  if (error instanceof RangeError || error instanceof TypeError) return true
  return 'code' in error && typeof error.code === 'string' && /^(22|23|54|0A)/.test(error.code)
}

function constraintOf(error: unknown): string | undefined {
  return error instanceof Error && 'constraint' in error && typeof error.constraint === 'string'
    ? error.constraint
    : undefined
}
