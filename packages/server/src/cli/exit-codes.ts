/** What a command's exit status means. Imports nothing, so that help stays quick; `redrive help exit-codes` prints it. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  nothingMatched: 3,
  notSignedIn: 4,
  notFound: 6,
  stale: 7,
  halted: 8,
  unfinished: 9,
  thresholdReached: 10,
  unreachable: 11,
  timeout: 124,
  interrupted: 130,
} as const

export const exitCodeHelp: readonly (readonly [number, string])[] = [
  [0, 'ok'],
  [1, 'unexpected failure'],
  [2, 'wrong usage, query or configuration'],
  [3, 'nothing matched (only with --require-match)'],
  [4, "not signed in, or not allowed: no token, a wrong one, a viewer's, or what is asked for is masked"],
  [6, 'not found'],
  [7, 'the plan is stale or ran already, or a letter or a cause changed meanwhile'],
  [8, 'the canary failed or has no verdict, or a rule halted the run'],
  [9, 'finished, but some letters returned, are uncertain or unknown, or were refused'],
  [10, 'a threshold was reached (status --fail-on, doctor --fail-on)'],
  [11, 'the office or a broker cannot be reached'],
  [124, '--timeout was reached while waiting'],
  [130, 'interrupted'],
]
