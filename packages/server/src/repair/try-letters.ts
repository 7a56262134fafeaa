import type { PoolClient } from 'pg'
import { storableText } from '../store/copy-binary.ts'
import { applyChange, type Changed } from './apply-change.ts'
import { type EditableLetter, readEditable, refusalOf } from './editable.ts'
import type { TransformLetter, TransformRow } from './transform-rows.ts'

/** What a transform does, or would do, to one letter. */
export interface Tried {
  readonly letter: TransformLetter
  readonly changed: Changed
  /** As it is now; `undefined`: it is gone. */
  readonly found: EditableLetter | undefined
}

/** Most bytes that letters may become, and longest it may take, before the rest is left for another time. */
const maxMadeBytes = 16 * 1024 * 1024
const maxMs = 250

/**
 * The first of these letters, at least one: as many as memory and the other requests of the office allow at a time.
 * @param work.lock the letters stay as they are until the transaction ends
 */
export async function tryLetters(
  client: PoolClient,
  transform: TransformRow,
  work: { readonly letters: readonly TransformLetter[]; readonly lock: boolean },
): Promise<readonly Tried[]> {
  const ids = work.letters.map(({ letterId }) => letterId)
  const found = new Map((await readEditable(client, ids, { lock: work.lock })).map((each) => [each.id, each]))
  const tried: Tried[] = []
  const endMs = performance.now() + maxMs
  let made = 0
  for (const letter of work.letters) {
    if (tried.length > 0 && (made > maxMadeBytes || performance.now() > endMs)) break
    const now = found.get(letter.letterId)
    const changed = tryLetter(transform, letter, now)
    if (changed.kind === 'changed') made += changed.bytes
    tried.push({ letter, found: now, changed })
  }
  return tried
}

function tryLetter(transform: TransformRow, letter: TransformLetter, found: EditableLetter | undefined): Changed {
  const refusal = found === undefined ? 'it is gone' : refusalOf(found)
  if (found === undefined || found.content === null || refusal !== null) return refused(refusal ?? 'its bytes are gone')
  if (found.revision !== letter.revision) return refused('it was changed since the preview')
  return applyChange(found.content, transform.change, {
    failureHeaders: found.failureHeaders,
    bodySchema: transform.ignoreSchema ? null : found.bodySchema,
  })
}

/** As it is told: which operation of how it is written, and why. */
export function whyOf(changed: Changed): string | null {
  if (changed.kind !== 'refused') return null
  const why = changed.operation === null ? changed.reason : `operation ${changed.operation + 1}: ${changed.reason}`
  return storableText(why.toWellFormed())
}

const refused = (reason: string): Changed => ({ kind: 'refused', reason, operation: null, position: null })
