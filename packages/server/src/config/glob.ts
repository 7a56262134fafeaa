/** Whether a text is what a glob says: `*` stands for any text, upper and lower case are one. Linear, for both may be anybody's. */
export function globMatcher(glob: string): (text: string) => boolean {
  const parts = glob.toLowerCase().split('*')
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (parts.length === 1) return (text) => text.toLowerCase() === first
  return (given) => {
    const text = given.toLowerCase()
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    const end = text.length - last.length
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
