import { maskJson } from './json.ts'
import { mark } from './mark.ts'
import type { Masker } from './masker.ts'

/** What was done to a letter, or is to be: a JSON Patch as text and edits of headers, with the values in them masked as those of the letter. */
export function maskEdit(masker: Masker, edit: unknown, queue: string | null): unknown {
  if (typeof edit !== 'object' || edit === null) return edit
  const { patch, headers } = edit as { readonly patch?: unknown; readonly headers?: unknown }
  return {
    ...edit,
    ...(typeof patch === 'string' ? { patch: maskPatch(masker, patch, queue) } : {}),
    ...(Array.isArray(headers) ? { headers: headers.map((each) => maskHeaderEdit(masker, each, queue)) } : {}),
  }
}

/** Values are hidden all together where one would be masked at its place: which is whose is not told by the order of a patch. */
function maskPatch(masker: Masker, patch: string, queue: string | null): string {
  let operations: unknown
  try {
    operations = JSON.parse(patch)
  } catch {
    return mark('it is no JSON, as rules expect')
  }
  const holdsMasked = (Array.isArray(operations) ? operations : []).some((operation: Record<string, unknown>) =>
    ['value', 'find', 'with'].some((name) => isMaskedAt(masker, operation, { name, queue })),
  )
  if (!holdsMasked) return patch
  const masked = maskJson<boolean>(patch, {
    root: false,
    below: (_, name) => name === 'value' || name === 'find' || name === 'with',
    whole: (isValue) => (isValue ? 'a value of the patch' : null),
    mark,
    text: () => null,
  })
  return masked?.text ?? mark('a patch')
}

function isMaskedAt(
  masker: Masker,
  operation: Readonly<Record<string, unknown>>,
  { name, queue }: { readonly name: string; readonly queue: string | null },
): boolean {
  const given = operation?.[name]
  const path = operation?.['path']
  if (given === undefined || typeof path !== 'string') return false
  const names = path
    .split('/')
    .slice(1)
    .map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))
    .filter((each) => !/^(?:\d+|-)$/.test(each))
  let placed: unknown = given
  for (const each of names.toReversed()) placed = Object.fromEntries([[each, placed]])
  return masker.value(placed, queue) !== placed
}

function maskHeaderEdit(masker: Masker, edit: unknown, queue: string | null): unknown {
  if (typeof edit !== 'object' || edit === null) return edit
  const { name, value } = edit as { readonly name?: unknown; readonly value?: unknown }
  if (typeof name !== 'string' || typeof value !== 'object' || value === null) return edit
  const { text, base64, json } = value as Readonly<Record<string, unknown>>
  const given = text ?? json ?? base64
  if (typeof given !== 'string') return edit
  const bytes = Buffer.from(given, text === undefined && json === undefined ? 'base64' : 'utf8')
  const shown = masker.header(name, bytes, queue)
  return shown === bytes ? edit : { ...edit, value: { text: shown.toString('utf8') } }
}
