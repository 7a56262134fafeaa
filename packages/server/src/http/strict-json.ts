import { RedriveError } from '@redrive/worker'

/**
 * JSON in which every object names each of its keys once: of two values for one key nobody knows which was meant, and readers differ.
 * @throws REQUEST_INVALID
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new RedriveError('REQUEST_INVALID', 'The body is not JSON.')
  }
  refuseDuplicates(text)
  return value
}

/** Walks through valid JSON: a string that is followed by a colon is a key of the innermost object. */
function refuseDuplicates(text: string): void {
  const open: (Set<string> | null)[] = []
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match
    if (found === '{') open.push(new Set())
    else if (found === '[') open.push(null)
    else if (found === '}' || found === ']') open.pop()
    else if (isKey(text, token.lastIndex)) {
      const keys = open.at(-1)
      const key = JSON.parse(found) as string
      if (keys?.has(key)) throw new RedriveError('REQUEST_INVALID', 'An object of the body names a key twice.')
      keys?.add(key)
    }
  }
}

function isKey(text: string, end: number): boolean {
  let at = end
  while (/\s/.test(text.charAt(at))) at += 1
  return text.charAt(at) === ':'
}
