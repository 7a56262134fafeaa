import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../lib/workspace.ts'
import { type Durations, guessedMs } from './durations.ts'

/** Together these take no longer, so that one of them is not left alone at the end. */
const mostMs = 8_000
/** Where one process ends badly, so many files have failed. */
const mostFiles = 12

/**
 * Files of tests that share a process, as loading what they import takes as long as the tests of most of them. Alone stay those that take long, and those
 * that have to: a file says so in a comment, `Alone in its process: <why>`, or has no tests of its own but those of a suite, which are told from
 * others by their process.
 */
export function inGroups(files: readonly string[], durations: Durations): readonly (readonly string[])[] {
  const groups: string[][] = []
  const open = new Map<string, { readonly files: string[]; ms: number }[]>()
  for (const file of files) {
    const ms = durations.get(file) ?? guessedMs(file)
    const kind = kindOf(file)
    const ofKind = kind === null ? [] : (open.get(kind) ?? [])
    const group = ofKind.find((each) => each.files.length < mostFiles && each.ms + ms <= mostMs)
    if (group !== undefined) {
      group.files.push(file)
      group.ms += ms
      continue
    }
    const made = [file]
    groups.push(made)
    if (kind !== null) open.set(kind, [...ofKind, { files: made, ms }])
  }
  return groups
}

/** Those of a kind import much the same; `null`: nothing else may be in its process. */
function kindOf(file: string): string | null {
  const kind = /^packages\/[^/]+\/(?:src|test)\//.exec(file)?.[0]
  if (kind === undefined) return null
  const text = readFileSync(path.resolve(root, file), 'utf8')
  return !text.includes("from 'node:test'") || text.includes('Alone in its process: ') ? null : kind
}
