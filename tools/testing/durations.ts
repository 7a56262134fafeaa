import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** How long each file of tests took the last time, in milliseconds, by its path. */
export type Durations = ReadonlyMap<string, number>

/** Longest first, so that no long one is left alone at the end. */
export function longestFirst(files: readonly string[], durations: Durations): readonly string[] {
  const duration = (file: string): number => durations.get(file) ?? guessedMs(file)
  return files.toSorted((a, b) => duration(b) - duration(a))
}

/** Of a file never seen: quick when it lies beside its code, longer elsewhere. */
export function guessedMs(file: string): number {
  return file.includes('/src/') ? 300 : 2_000
}

/** Nothing that is needed: a file that is missing or damaged is none. */
export function readDurations(file: string): Durations {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
    return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
  } catch {
    return new Map()
  }
}

export function writeDurations(file: string, durations: Durations): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(Object.fromEntries(durations)))
  } catch {
    // The next run starts with the order of this one.
  }
}
