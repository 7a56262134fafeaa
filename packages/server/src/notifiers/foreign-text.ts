/** Invisible, and holds together what stands at its sides: no program finds an address across it. */
const joiner = '\u2060'

/** At most so many UTF-16 units, cut between characters, and well formed. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text.toWellFormed()
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`.toWellFormed()
}

/** What moves a cursor, colours a screen or turns letters round is shown as what it is. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
}

/** Foreign text on one line of at most so many UTF-16 units. It is cut first, for it may have megabytes. */
export function oneLine(text: string, most: number): string {
  return cut(visible(text.slice(0, most + 1).replaceAll(/[\t\r\n]/g, ' ')), most)
}

/** The same without the two characters that begin and end markup, mentions and links wherever they mean something. */
export function withoutMarkup(text: string, most: number): string {
  return oneLine(text, most).replaceAll('<', '‹').replaceAll('>', '›')
}

/**
 * The same for where programs make links and mentions of what looks like them: `@`, `://`, `www.` and names of hosts are broken by a character that
 * nobody sees. Names of classes, `java.lang.Error` apart, stay as they are, for they are what people copy.
 */
export function withoutLinks(text: string, most: number): string {
  const broken = withoutMarkup(text, most)
    .replaceAll('@', `@${joiner}`)
    .replaceAll('://', `:${joiner}//`)
    .replaceAll(/\bwww\./gi, (www) => `${www}${joiner}`)
    .replaceAll(beforeTopLevel, `.${joiner}`)
  return cut(broken, most)
}

/** Something to type: what would be a link is escaped in a way that a shell takes back, so that it can be copied. */
export function command(text: string, most: number): string {
  if (!/^[\w .@:/+=-]*$/.test(text)) return withoutLinks(text, most)
  const escaped = text
    .replaceAll('@', '\\@')
    .replaceAll('://', '\\://')
    .replaceAll(/\bwww\./gi, 'www\\.')
    .replaceAll(beforeTopLevel, '\\.')
  return cut(escaped, most)
}

/** The dot before what may be the last part of the name of a host: short, or all in one case, or in letters without any. */
const beforeTopLevel =
  /(?<=[\p{L}\p{N}])\.(?=(?:\p{L}{2,6}|[\p{Ll}\p{Lo}]{7,63}|\p{Lu}{7,63}|[xX][nN]--[A-Za-z0-9-]{1,59})(?![\p{L}\p{N}]|[.-][\p{L}\p{N}]))/gu
