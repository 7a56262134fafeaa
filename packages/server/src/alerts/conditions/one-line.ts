// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const notShown = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** Foreign text on one line of at most so many characters, cut between characters, without what moves a cursor. */
export function oneLine(text: string, most: number): string {
  const line = text
    .slice(0, 4 * most)
    .toWellFormed()
    .replaceAll(notShown, ' ')
    .trim()
  const characters = Array.from(line)
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join('')}…`
}

export const mostOfTitle = 200
