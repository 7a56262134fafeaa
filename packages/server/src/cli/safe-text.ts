/**
 * Text of a letter for a terminal: control characters, escape sequences, bidirectional overrides and invisible characters become
 * visible `\u{…}`, so that nothing a letter says can move the cursor, change colours or hide itself.
 */
export function safeText(text: string): string {
  return text.replaceAll(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same on one line: line breaks and tabs become spaces. */
export function safeLine(text: string): string {
  return safeText(text.replaceAll(/[\r\n\t]+/g, ' '))
}

const unsafe =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu
