import fc from 'fast-check'
import { addUpChanges } from '../../../packages/server/src/causes/index.ts'
import { addUpBooks } from '../../../packages/server/src/ledger/index.ts'
import { type Command, command } from './command.ts'

/** Sums are made of what was written until now; nothing is another than before. */
export const sums: fc.Arbitrary<Command> = fc.constant(
  command('add up', {
    async run(_model, { office: { store } }) {
      await addUpBooks(store)
      await addUpChanges(store, 0)
    },
  }),
)
