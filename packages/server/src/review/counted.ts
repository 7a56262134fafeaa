/** A number as people read it: `12,400`. */
export function number(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1 letter`, `12 letters`. @param what one of them; others end with an s */
export function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`
}

/** The word that goes with a number: `wait` of many, `waits` of one. */
export function verb(count: number, many: string, one: string): string {
  return count === 1 ? one : many
}
