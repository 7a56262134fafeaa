import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { parseLetterId, showLetterId } from '../store/ids.ts'
import { contentOfVersion, insertVersions, nextVersions, setVersions } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import { applyChange } from './apply-change.ts'
import { type GivenChange, readChange } from './change.ts'
import { lockEditable } from './editable.ts'

interface Request {
  /** As people see it. */
  readonly letter: string
  readonly by: string
  readonly reason: string
  /** Refused when the letter is at another version by now. */
  readonly expectVersion?: number
}

/**
 * Writes a new version of a letter and makes it the one that counts, in one transaction with the audit entry. The versions before it stay.
 * Plans that hold the letter are stale from then on.
 *
 * @param request.ignoreSchema also a body that does not fit its queue's schema; it is recorded
 * @returns the number of the new version
 * @throws NOT_FOUND, STATE_CONFLICT (not open or held, another version), REQUEST_INVALID (the change cannot be read),
 *   EDIT_REFUSED (it cannot be done to this letter, or changes nothing)
 */
export function editLetter(
  store: Store,
  request: Request & { readonly change: GivenChange; readonly ignoreSchema?: boolean },
): Promise<number> {
  const id = parseLetterId(request.letter)
  const change = readChange(request.change)
  const ignoreSchema = request.ignoreSchema === true
  return store.transaction(async (client) => {
    const letter = await lockEditable(client, { id, shown: request.letter, expectVersion: request.expectVersion })
    const changed = applyChange(letter.content, change, {
      failureHeaders: letter.failureHeaders,
      bodySchema: ignoreSchema ? null : letter.bodySchema,
    })
    if (changed.kind !== 'changed') throw refused(changed)
    const version = (await nextVersions(client, [id])).get(id) ?? 1
    const { by: author, reason } = request
    const edit = { ...change.described, ...(ignoreSchema ? { ignoreSchema } : {}) }
    const { content, bytes } = changed
    await insertVersions(client, [
      { letterId: id, version, parent: letter.version, author, reason, ...content, bytes, edit, transformId: null },
    ])
    await setVersions(client, [{ letterId: id, version }])
    await audit(client, {
      ...request,
      id,
      action: 'letter.edit',
      details: { version, parent: letter.version, kinds: edit.kinds },
    })
    return version
  })
}

/**
 * Makes an earlier version count again; 0 is the letter as it was captured. Nothing is copied or lost: the versions between stay, and the
 * next edit names the one it was made of.
 * @throws NOT_FOUND (no such letter or version), STATE_CONFLICT
 */
export function revertLetter(store: Store, request: Request & { readonly to: number }): Promise<void> {
  const id = parseLetterId(request.letter)
  return store.transaction(async (client) => {
    const letter = await lockEditable(client, { id, shown: request.letter, expectVersion: request.expectVersion })
    const { to } = request
    if (to === letter.version) throw new RedriveError('STATE_CONFLICT', `The letter is at version ${to} already.`)
    if ((await contentOfVersion(client, id, to)) === undefined) throw noVersion(request.letter, to)
    await setVersions(client, [{ letterId: id, version: to }])
    await audit(client, { ...request, id, action: 'letter.revert', details: { from: letter.version, to } })
  })
}

export function noVersion(letter: string, version: number): RedriveError {
  return new RedriveError('NOT_FOUND', `The letter has no version ${version}.`, {
    hint: `List them: redrive letter versions ${letter}`,
  })
}

function refused(changed: Exclude<ReturnType<typeof applyChange>, { readonly kind: 'changed' }>): RedriveError {
  if (changed.kind === 'unchanged')
    return new RedriveError('EDIT_REFUSED', 'The edit changes nothing: every byte would be as it is.')
  const { reason, operation, position } = changed
  const which = operation === null ? '' : `operation ${operation + 1}: `
  return new RedriveError('EDIT_REFUSED', `The edit cannot be done to this letter: ${which}${reason}.`, {
    hint: 'Nothing was changed. Look at the letter with: redrive letter show',
    data: { operation, position },
  })
}

function audit(
  client: PoolClient,
  {
    id,
    by,
    reason,
    action,
    details,
  }: Request & { readonly id: string; readonly action: string; readonly details: Readonly<Record<string, unknown>> },
): Promise<void> {
  return recordAudit(client, { actor: by, action, target: showLetterId(id), reason, details })
}
