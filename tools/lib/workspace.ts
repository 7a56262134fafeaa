import fs from 'node:fs'
import path from 'node:path'

/** The repository's folder. */
export const root: string = path.resolve(import.meta.dirname, '..', '..')

export interface Count {
  readonly passed: number
  readonly failed: number
}

/** The last line of every command that counts, alone on its line. */
export function printCount(count: Count): void {
  console.log(`${count.passed} passed, ${count.failed} failed`)
}

/** Files of this repository, relative to its root, sorted. */
export function findFiles(...patterns: string[]): string[] {
  const exclude = (name: string): boolean => /(^|\/)(node_modules|dist)(\/|$)/.test(name)
  return [...new Set(fs.globSync(patterns, { cwd: root, exclude }))].sort()
}
