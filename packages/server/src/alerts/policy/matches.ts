/** Whether a name is as the pattern says, in which `*` stands for any text. In time linear in the name for each `*`. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [head = ''] = parts
  if (parts.length === 1) return name === pattern
  const tail = parts.at(-1) ?? ''
  if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail)) return false
  let at = head.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= name.length - tail.length
}

/** @param patterns `undefined`: everything is */
export function matchesAny(patterns: readonly string[] | undefined, name: string | null): boolean {
  if (patterns === undefined) return true
  return name !== null && patterns.some((pattern) => matches(pattern, name))
}
