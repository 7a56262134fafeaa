import type { CapPolicy } from '../config/index.ts'
import type { Kept } from '../store/queue-kept.ts'

const units = ['TiB', 'GiB', 'MiB', 'KiB'] as const

/** `100,001 of 100,000 letters and 3.1 of 10 GiB`: only of what there is a cap on. */
export function fillText({ letters, bytes }: Kept, cap: CapPolicy): string {
  return [
    ...(cap.letters === null
      ? []
      : [`${Math.max(0, letters).toLocaleString('en-US')} of ${cap.letters.toLocaleString('en-US')} letters`]),
    ...(cap.bytes === null ? [] : [`${sizeText(Math.max(0, bytes))} of ${sizeText(cap.bytes)}`]),
  ].join(' and ')
}

export function sizeText(bytes: number): string {
  for (const [at, unit] of units.entries()) {
    const size = 1024 ** (units.length - at)
    if (bytes >= size) return `${(Math.floor((bytes / size) * 10) / 10).toLocaleString('en-US')} ${unit}`
  }
  return `${bytes} B`
}
