import type { LetterDetail, LetterSummary } from '../letters/index.ts'
import { shownBytes } from '../letters/index.ts'
import { decodeHeaders, encodeHeaders } from '../store/header-list.ts'
import type { VersionContent } from '../store/letter-versions.ts'
import { mark, marksIn } from './mark.ts'
import { maskAnswer, noteMasked } from './mask-answer.ts'
import type { Masker } from './masker.ts'

const shownMessage = 500
const shownKey = 200

/** A letter of a list, its texts cut only after they were masked: half of a secret is none that could be recognised. */
export function maskSummary(masker: Masker | null, letter: LetterSummary): LetterSummary {
  const { message, key, queue } = letter
  const cut = {
    ...letter,
    message: message === null ? null : (masker?.text(message, queue) ?? message).slice(0, shownMessage).toWellFormed(),
    key: key === null ? null : keyOf(masker, key, queue).slice(0, shownKey).toWellFormed(),
  }
  return masker === null ? cut : maskAnswer(masker, cut)
}

function keyOf(masker: Masker | null, key: string, queue: string): string {
  if (masker === null) return key
  if (masker.audience !== 'operator' && key.includes('\ufffd')) return mark('bytes that are no text')
  return masker.bytes(Buffer.from(key), { queue, part: 'key', isCut: key.length > shownKey }).toString('utf8')
}

/** A letter, and why parts of it are not shown. */
export function maskLetter(
  masker: Masker | null,
  letter: LetterDetail,
): LetterDetail & { readonly masked: readonly string[] } {
  if (masker === null) return { ...letter, masked: [] }
  const { queue, message } = letter
  const shown = maskAnswer(masker, {
    ...letter,
    message: {
      ...message,
      key: viewOf(message.key, (bytes) => masker.bytes(bytes, { queue, part: 'key' })),
      body: viewOf(message.body, (bytes) =>
        masker.bytes(bytes, { queue, part: 'body', isCut: (message.bodyBytes ?? 0) > shownBytes }),
      ),
      headers: message.headers.map((header) => ({
        ...header,
        value: viewOf(header.value, (bytes) => masker.header(header.name, bytes, queue)),
      })),
    },
  })
  return { ...shown, masked: marksIn(JSON.stringify(shown)).map((each) => each.slice('[masked: '.length, -1)) }
}

type View = LetterDetail['message']['body']

function viewOf(view: View, masked: (bytes: Buffer) => Buffer): View {
  if (view === null) return null
  const bytes = Buffer.from(view.base64, 'base64')
  const shown = masked(bytes)
  return noteMasked(shown === bytes ? view : { base64: shown.toString('base64'), text: shown.toString('utf8') })
}

/** The content of a version as it is laid out for a comparison. */
export function maskContent(masker: Masker, content: VersionContent, queue: string | null): VersionContent {
  const { key, body, headers } = content
  const shown = decodeHeaders(headers).map((header) => ({
    ...header,
    value: header.value === null ? null : masker.header(header.name, Buffer.from(header.value), queue),
  }))
  return {
    key: key === null ? null : masker.bytes(key, { queue, part: 'key' }),
    body: body === null ? null : masker.bytes(body, { queue, part: 'body' }),
    headers: encodeHeaders(shown),
  }
}
