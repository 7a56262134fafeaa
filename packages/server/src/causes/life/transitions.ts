export const causeStates = ['new', 'open', 'acknowledged', 'snoozed', 'fixed', 'regressed'] as const
export type CauseState = (typeof causeStates)[number]

/** What is done with a cause. `wake`, `regress` and `gather` are the office's own; the others are a person's. */
export const causeActions = [
  'look',
  'acknowledge',
  'snooze',
  'wake',
  'fix',
  'regress',
  'reopen',
  'assign',
  'own',
  'comment',
  'link',
  'unlink',
  'merge',
  'split',
  'gather',
  'undo',
] as const
export type CauseAction = (typeof causeActions)[number]

/** Where an action leads from a state; `null` where it cannot be done. */
export function nextState(action: CauseAction, state: CauseState): CauseState | null {
  return transitions[action][state] ?? null
}

/** True for actions that set the state: what the cause waited for ends with them. */
export const setsState = (action: CauseAction): boolean => stateActions.has(action)

const stateActions: ReadonlySet<CauseAction> = new Set([
  'acknowledge',
  'snooze',
  'wake',
  'fix',
  'regress',
  'reopen',
] as const)

/** Whatever a person does with a new cause opens it. */
const touched: Readonly<Record<CauseState, CauseState>> = {
  new: 'open',
  open: 'open',
  acknowledged: 'acknowledged',
  snoozed: 'snoozed',
  fixed: 'fixed',
  regressed: 'regressed',
}

const to = (state: CauseState, from: readonly CauseState[]): Partial<Record<CauseState, CauseState>> =>
  Object.fromEntries(from.map((each) => [each, state]))

/** A fixed cause has to be reopened first: that it came back is to be said by somebody, or by a letter. */
const unfixed = ['new', 'open', 'acknowledged', 'snoozed', 'regressed'] as const

const transitions: Readonly<Record<CauseAction, Partial<Record<CauseState, CauseState>>>> = {
  look: touched,
  acknowledge: to('acknowledged', unfixed),
  snooze: to('snoozed', unfixed),
  wake: to('open', ['snoozed']),
  fix: to('fixed', [...unfixed, 'fixed']),
  regress: to('regressed', ['fixed']),
  reopen: to('open', ['new', 'acknowledged', 'snoozed', 'fixed', 'regressed']),
  assign: touched,
  own: touched,
  comment: touched,
  link: touched,
  unlink: touched,
  merge: touched,
  split: touched,
  gather: touched,
  undo: touched,
}
