/** One line of well-formed text, at most `maxChars` long: no control characters, no halves of surrogate pairs. */
export function clean(text: string, maxChars: number): string {
  const cut = text.length > maxChars ? text.slice(0, maxChars) : text
  return cut.replace(controls, ' ').toWellFormed()
}

const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g
