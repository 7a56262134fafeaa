import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CauseAction, causeActions, causeStates, nextState } from './transitions.ts'

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
  unlink       open  open  acknowledged  snoozed       fixed      regressed
  merge        open  open  acknowledged  snoozed       fixed      regressed
  split        open  open  acknowledged  snoozed       fixed      regressed
  gather       open  open  acknowledged  snoozed       fixed      regressed
  undo         open  open  acknowledged  snoozed       fixed      regressed`

test('every action from every state leads where the table says', () => {
  const lines = table.trim().split('\n')
  assert.equal(lines.length, causeActions.length)
  for (const line of lines) {
    const [action = '', ...became] = line.trim().split(/\s+/)
    assert.deepEqual(
      causeStates.map((state) => nextState(action as CauseAction, state) ?? '–'),
      became,
      action,
    )
  }
})
