const mostOfText = 1_000

/** Foreign text as one line, without what moves a cursor, turns its direction or hides in it. */
export function oneLine(text: string): string {
  return text
    .slice(0, mostOfText)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
}
