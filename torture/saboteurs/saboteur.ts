import type { TargetName } from '../targets/index.ts'

/** A broken build: one guarantee taken out by a small change of the source. */
export interface Saboteur {
  readonly name: string
  /** What the build no longer does. */
  readonly breaks: string
  readonly changes: readonly Change[]
  readonly caughtBy: CaughtBy
}

export interface Change {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** `torture`: kills find it, where a pause of the build gives them something to hit. Otherwise the tests of that file whose names match. */
export type CaughtBy =
  | { readonly torture: TargetName; readonly victims: readonly string[] }
  | { readonly file: string; readonly tests: RegExp }

export const pause = 'await new Promise((resolve) => setTimeout(resolve, 250))'
