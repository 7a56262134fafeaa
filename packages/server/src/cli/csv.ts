/**
 * A line of CSV as RFC 4180 has it, without its end. A value that a spreadsheet would calculate (it begins with = + - @, a tab or a line break)
 * gets an apostrophe before it, so that it stays text.
 */
export function csvLine(values: readonly (string | number | null)[]): string {
  return values.map(csvValue).join(',')
}

function csvValue(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/.test(value) ? `'${value}` : value
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
