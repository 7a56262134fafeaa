export const minuteMs = 60_000

/** Letters of a cause that came in one minute and ended in another. Minutes are numbered since 1970. */
export interface Span {
  readonly cause: string
  readonly queueId: number
  readonly came: number
  /** `null`: they wait. */
  readonly ended: number | null
  readonly letters: number
}
