import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CauseAction, type CauseState, nextState } from './transitions.ts'

const states = ['new', 'open', 'acknowledged', 'snoozed', 'fixed', 'regressed'] as const

/** Where each action leads from each state, in the order above; – where it cannot be done. */
const table = `
  look         open  open  acknowledged  snoozed       fixed      regressed
  acknowledge  acknowledged acknowledged acknowledged acknowledged – acknowledged
  snooze       snoozed snoozed snoozed   snoozed       –          snoozed
  wake         –     –     –             open          –          –
  fix          fixed fixed fixed         fixed         fixed      fixed
  regress      –     –     –             –             regressed  –
  reopen       open  –     open          open          open       open
  assign       open  open  acknowledged  snoozed       fixed      regressed
  own          open  open  acknowledged  snoozed       fixed      regressed
  comment      open  open  acknowledged  snoozed       fixed      regressed
  link         open  open  acknowledged  snoozed       fixed      regressed
  unlink       open  open  acknowledged  snoozed       fixed      regressed`

test('every action from every state leads where the table says', () => {
  for (const line of table.trim().split('\n')) {
    const [action = '', ...became] = line.trim().split(/\s+/)
    assert.deepEqual(
      states.map((state: CauseState) => nextState(action as CauseAction, state) ?? '–'),
      became,
      action,
    )
  }
})
