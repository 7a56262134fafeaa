import { stackHeader, wireHeader } from '@redrive/worker'
import { redactedBegin } from '../masking/index.ts'
import { decodeHeaders } from '../store/header-list.ts'
import type { currentContent } from '../store/letter-versions.ts'

/** What is asked of a letter to know whether it can be sent. */
export interface RedactionRow {
  readonly version: number
  readonly failure_headers: readonly string[]
  /** `null`: nothing of it was redacted. */
  readonly redacted: readonly string[] | null
  /** Only of a letter that was redacted and edited: whether its key or body has a mark, and its headers. */
  readonly is_marked: boolean | null
  readonly edited_headers: Buffer | null
}

/** SQL for `RedactionRow`. Needs `letter l`, `letter_content c` and the join of the content that counts. */
export function redactionColumns({ key, body, headers }: ReturnType<typeof currentContent>): string {
  const isAsked = 'c.redacted is not null and l.version > 0'
  const marked = (column: string): string => `coalesce(position('\\x${markHex}'::bytea in ${column}) > 0, false)`
  return `c.redacted, case when ${isAsked} then ${marked(key)} or ${marked(body)} end as is_marked,
       case when ${isAsked} then ${headers} end as edited_headers`
}

const markHex = Buffer.from(redactedBegin).toString('hex')

/**
 * Whether what would be sent is not what was delivered, nor what somebody wrote instead. What only tells of the failure is not sent. Properties and
 * routes cannot be edited, so a letter that lost some of them stays here.
 */
export function isIncomplete(row: RedactionRow): boolean {
  const parts = new Set((row.redacted ?? []).map((each) => each.slice(each.lastIndexOf(' ') + 1)))
  parts.delete('error')
  if (parts.size === 0) return false
  if (row.version === 0 || parts.has('properties') || parts.has('route')) return true
  return row.is_marked === true || row.edited_headers === null || holdsMark(row.edited_headers, row.failure_headers)
}

function holdsMark(headers: Buffer, failureHeaders: readonly string[]): boolean {
  const dropped = new Set([...failureHeaders, wireHeader, stackHeader])
  return decodeHeaders(headers).some(
    ({ name, value }) => value !== null && !dropped.has(name) && Buffer.from(value).includes(redactedBegin),
  )
}
