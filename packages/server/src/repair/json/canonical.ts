import { Refusal } from './refusal.ts'
import { entriesOf, kindAt, type Span, stringAt } from './walk.ts'

/**
 * A text that is the same for all ways to write one value: white space, escapes, order of keys and the form of numbers do not count. 1, 1.0
 * and 10e-1 are the same, 2^53 and 2^53+1 are not.
 * @throws Refusal for an object that names a key twice
 */
export function canonical(bytes: Buffer, { at, end }: Span): string {
  switch (kindAt(bytes, at)) {
    case 'string':
      return JSON.stringify(stringAt(bytes, { at, end }))
    case 'number':
      return canonicalNumber(bytes.toString('latin1', at, end))
    case 'array':
      return `[${[...entriesOf(bytes, at)].map(({ value }) => canonical(bytes, value)).join(',')}]`
    case 'object':
      return canonicalObject(bytes, at)
    default:
      return bytes.toString('latin1', at, end)
  }
}

function canonicalObject(bytes: Buffer, at: number): string {
  const members = new Map<string, string>()
  for (const { key, value } of entriesOf(bytes, at)) {
    const name = stringAt(bytes, key)
    if (members.has(name)) throw new Refusal('an object names a key twice, so it cannot be compared')
    members.set(name, canonical(bytes, value))
  }
  const sorted = [...members].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}

/** Digits without zeros on either side, and the power of ten they stand before: exact, whatever the size. */
function canonicalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]\+?(-?[0-9]+))?$/.exec(text) ?? []
  const digits = whole + fraction
  let [from, to] = [0, digits.length]
  while (digits[from] === '0') from += 1
  if (from === to) return '0'
  while (digits[to - 1] === '0') to -= 1
  if (power.length > 100) throw new Refusal('the exponent of a number is too long to compare it')
  return `${sign}${digits.slice(from, to)}e${BigInt(power) + BigInt(digits.length - to - fraction.length)}`
}
