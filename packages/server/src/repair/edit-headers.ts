import { type Header, stackHeader, wireHeader } from '@redrive/worker'
import type { HeaderEdit } from './change.ts'
import { Refusal } from './json/refusal.ts'

/**
 * The headers with all edits done, in their order; what no edit names stays as it is, duplicates and nulls included.
 * @param failureHeaders names of those that tell of the failure: a replay takes them off, so nobody should believe to have changed them
 * @throws Refusal
 */
export function editHeaders(
  headers: readonly Header[],
  edits: readonly HeaderEdit[],
  failureHeaders: readonly string[],
): readonly Header[] {
  const failure = new Set(failureHeaders)
  return edits.reduce((edited, edit) => editHeader(edited, edit, failure), headers)
}

function editHeader(headers: readonly Header[], edit: HeaderEdit, failure: ReadonlySet<string>): readonly Header[] {
  const { op, name, value, isJson } = edit
  if (ours.has(name.toLowerCase()))
    throw new Refusal(`the header ${JSON.stringify(name)} is Redrive's own: a replay writes it anew`)
  if (failure.has(name))
    throw new Refusal(`the header ${JSON.stringify(name)} tells of the failure: a replay takes it off`)
  const header: Header = isJson ? { name, value, type: 'json' } : { name, value }
  if (op === 'add') return [...headers, header]
  const first = headers.findIndex((each) => each.name === name)
  if (op === 'remove') {
    if (first < 0) throw new Refusal(`there is no header ${JSON.stringify(name)}`)
    return headers.filter((each) => each.name !== name)
  }
  if (first < 0) return [...headers, header]
  return headers.flatMap((each, index) => (index === first ? [header] : each.name === name ? [] : [each]))
}

const ours: ReadonlySet<string> = new Set([wireHeader, stackHeader])
