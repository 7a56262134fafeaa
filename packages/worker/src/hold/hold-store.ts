/**
 * The port of the stores that remember which letters of a key are unresolved, in order: its line. A key is blocked while its line is not
 * empty. Every verb is one atomic step for a line and may be repeated: a letter is in a line once.
 */
export interface HoldStore {
  /** What of the promise does not hold here; empty when nothing is lost. */
  readonly losses: readonly string[]
  /** A message is about to be handled. Where its line is empty nothing is written; otherwise it gets a place, if it has none and there is room. */
  arrive(line: Line, letter: string, options: { readonly at: number | null; readonly most: number }): Promise<Standing>
  /** A letter has died: it has a place from now on, whatever the room. @returns its place */
  die(line: Line, letter: string, options: { readonly at: number | null }): Promise<number>
  /** A letter is resolved. */
  leave(line: Line, letter: string): Promise<void>
  /** How many lines of a scope are not empty, counted up to `most`. */
  count(scope: string, most: number): Promise<number>
}

/** The line of one key. */
export interface Line {
  /** Queue and consumer as JSON: `["orders","reefer"]`. */
  readonly scope: string
  /** A digest of the key. */
  readonly key: string
}

export type Standing =
  /** The line is empty. */
  | { readonly kind: 'free' }
  /** Nothing is before it. */
  | { readonly kind: 'first'; readonly at: number }
  /** `behind`: the first of the line. */
  | { readonly kind: 'behind'; readonly at: number; readonly behind: string }
  /** It has no place, and there is none for it. */
  | { readonly kind: 'full' }
