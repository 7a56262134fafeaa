import { messageBytes } from '@redrive/worker'
import { newMark } from '../masking/index.ts'
import { decodeHeaders, encodeHeaders } from '../store/header-list.ts'
import { contentHash, type VersionContent } from '../store/letter-versions.ts'
import { bodyProblem } from './body-schema.ts'
import type { Change } from './change.ts'
import { editHeaders } from './edit-headers.ts'
import { applyPatch } from './json/apply-patch.ts'
import { Refusal } from './json/refusal.ts'

export type Changed =
  | { readonly kind: 'changed'; readonly content: VersionContent; readonly bytes: number }
  /** Every byte is as it was. */
  | { readonly kind: 'unchanged' }
  /** `operation` of the patch and `position` in the body, where they are known; both from 0. */
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly operation: number | null
      readonly position: number | null
    }

/**
 * What a letter's content becomes, or why it cannot: nothing is written.
 * @param rules.bodySchema of the letter's queue, as text; looked at only where the body changes
 */
export function applyChange(
  content: VersionContent,
  change: Change,
  rules: { readonly failureHeaders: readonly string[]; readonly bodySchema: string | null },
): Changed {
  const { operations } = change
  let { body } = content
  if (operations !== null) {
    if (body === null) return refused('it has no body that could be patched')
    const patched = applyPatch(body, operations)
    if (patched.kind === 'refused') {
      const where = patched.position === null ? '' : ` (byte ${patched.position})`
      const isDocument = patched.operation === null
      return { ...patched, reason: isDocument ? `its body is no JSON: ${patched.reason}${where}` : patched.reason }
    }
    body = patched.bytes
  } else if (change.body !== undefined) body = change.body
  try {
    const before = decodeHeaders(content.headers)
    const headers = editHeaders(before, change.headers, rules.failureHeaders)
    const key = change.key === undefined ? content.key : change.key
    const edited = {
      key,
      body,
      headers: headers === before ? content.headers : encodeHeaders(headers),
    }
    const copied = newMarkOf(content, edited)
    if (copied !== null)
      return refused(
        `it would hold the text ${copied}, which stands for something that was not shown; reveal the letter and edit what it is`,
      )
    if (contentHash(edited).equals(contentHash(content))) return { kind: 'unchanged' }
    const problem = rules.bodySchema === null || body === content.body ? null : bodyProblem(rules.bodySchema, body)
    if (problem !== null) return refused(problem)
    return { kind: 'changed', content: edited, bytes: messageBytes({ key, body, headers }) }
  } catch (error) {
    if (error instanceof Refusal) return refused(error.message)
    if (error instanceof RangeError) return refused('its headers cannot be read any more')
    throw error
  }
}

/** What is stored and sent is never what somebody was shown in its place. */
function newMarkOf(before: VersionContent, after: VersionContent): string | null {
  return newMark(before.body, after.body) ?? newMark(before.key, after.key) ?? newMark(before.headers, after.headers)
}

const refused = (reason: string): Changed => ({ kind: 'refused', reason, operation: null, position: null })
