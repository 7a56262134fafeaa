/** A broker's words may quote anything; the columns take no NUL. */
export function storable(text: string): string {
  return text.slice(0, 500).toWellFormed().replaceAll('\0', '\ufffd')
}
