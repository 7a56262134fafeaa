import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Chain, chain, type Linked } from './chain.ts'

interface Member extends Linked<Member> {
  readonly name: number
}

test('a chain holds what a set holds, in the same order', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('push', 'remove'), fc.nat(7)), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (list) => {
      const members = Array.from(
        { length: 8 },
        (_, name): Member => ({ name, before: null, after: null, chained: false }),
      )
      const ours: Chain<Member> = chain()
      const theirs = new Set<Member>()
      for (const [step, name] of list) {
        const member = members[name] as Member
        if (step === 'push') {
          ours.push(member)
          theirs.add(member)
        } else {
          assert.equal(ours.remove(member), theirs.delete(member))
        }
        assert.deepEqual(namesOf(ours.items()), namesOf([...theirs]))
        assert.equal(ours.first, theirs.values().next().value ?? null)
      }
    }),
  )
})

function namesOf(members: readonly Member[]): readonly number[] {
  return members.map(({ name }) => name)
}
