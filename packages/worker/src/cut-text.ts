/**
 * What carriers and stores refuse: C0 controls but line feed and tab, lone surrogates and the two non-characters that XML
 * forbids (SQS refuses them; PostgreSQL refuses NUL).
 */
const refused = /[[\p{Cc}\p{Cs}\uFFFE\uFFFF]--[\n\t\x7F-\x9F]]/gv
const refusedOnce = /[[\p{Cc}\p{Cs}\uFFFE\uFFFF]--[\n\t\x7F-\x9F]]/v

/** The text without characters that a carrier would refuse. */
export function cleanText(text: string): string {
  return refusedOnce.test(text) ? text.replace(refused, '') : text
}

/** At most `maxLength` UTF-16 units, cleaned. Cuts before it looks at anything, so that a huge text costs no more than a short one. */
export function cutEnd(text: string, maxLength: number): string {
  if (text.length <= maxLength) return cleanText(text)
  return cleanText(detached(text.slice(0, maxLength)))
}

/**
 * At most `maxBytes` of UTF-8, cleaned: whole, or the first 70 % and the last 30 % around a visible `… 1234 bytes cut …`.
 * JavaScript says what happened at the head of a stack, Java at its tail. Empty where not even the mark fits.
 */
export function cutMiddle(text: string, maxBytes: number): string {
  if (text.length <= maxBytes) {
    const clean = cleanText(text)
    if (Buffer.byteLength(clean) <= maxBytes) return clean
  }
  const room = maxBytes - markBytes
  if (room <= 0) return ''
  // A UTF-16 unit takes at least one byte, so more units than bytes are never needed from either end.
  const head = startOf(cutEnd(text, room), Math.floor(room * 0.7))
  const tail = endOf(cleanText(detached(text.slice(-room))), room - Buffer.byteLength(head))
  const kept = Buffer.byteLength(head) + Buffer.byteLength(tail)
  // Counting the bytes of hundreds of megabytes takes longer than a worker may stand still.
  const count = text.length > maxCounted ? `over ${text.length - kept}` : `${Buffer.byteLength(text) - kept}`
  return `${head}\n… ${count} bytes cut …\n${tail}`
}

const maxCounted = 1_000_000

/** The mark with the longest count that a JavaScript string allows. */
const markBytes = Buffer.byteLength('\n… over 123456789 bytes cut …\n')

/** A slice keeps its whole parent in memory; a copy lets it go. */
function detached(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le')
}

function startOf(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  let end = Math.min(maxBytes, bytes.length)
  while (end > 0 && end < bytes.length && isContinuation(bytes[end])) end -= 1
  return bytes.toString('utf8', 0, end)
}

function endOf(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  let start = Math.max(0, bytes.length - maxBytes)
  while (start < bytes.length && isContinuation(bytes[start])) start += 1
  return bytes.toString('utf8', start)
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
