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
 * The same for where programs make links and mentions of what looks like them: `@`, `://` and dots inside of words are broken by a character that
 * nobody sees. Numbers stay as they are, and classes of errors, which people copy and after whose last word no host is named.
 */
export function withoutLinks(text: string, most: number): string {
  return broken(withoutMarkup(text, most), most, (mark) => `${mark.charAt(0)}${joiner}${mark.slice(1)}`)
}

/** Something to type: what would be a link is escaped in a way that a shell takes back, so that it can be copied. */
export function command(text: string, most: number): string {
  if (!/^[\w .@:/+=-]*$/.test(text)) return withoutLinks(text, most)
  return broken(text.slice(0, most + 1), most, (mark) => (mark === '://' ? ':\\//' : `\\${mark}`))
}

/** It is cut before it is broken: a cut may make a host of what was none. */
function broken(line: string, most: number, breaking: (mark: string) => string): string {
  for (let length = most; ; ) {
    const whole = cut(line, length)
      .replaceAll(/@|:\/\//g, breaking)
      .replaceAll(dotted, (word) => (mayStay.test(word) ? word : word.replaceAll('.', breaking)))
    if (whole.length <= most) return whole
    length -= Math.ceil((whole.length - most) / 2)
  }
}

/** What is behind stops it from starting again inside of a word, which would take the square of its length. */
const dotted = /(?<![\p{L}\p{N}\p{M}_$-])[\p{L}\p{N}\p{M}_$-]+(?:\.[\p{L}\p{N}\p{M}_$-]+)+/gu
const mayStay = /^(?:v?[0-9]+(?:\.[0-9]+)*|[\w$.-]*(?:Error|Exception|Failure|Timeout))$/
