import type { Saboteur } from './saboteur.ts'

const erased = 'packages/server/test/a-persons-letters-are-erased.test.ts'

export const ofErasure: readonly Saboteur[] = [
  {
    name: 'doubted-letters-erased',
    breaks: 'a letter of which nobody knows whether its replay arrived is not erased before somebody has decided',
    changes: [
      {
        file: 'packages/server/src/erasure/end-letters.ts',
        from: `    when l.state = 'uncertain' then 'uncertain'\n`,
        to: '',
      },
    ],
    caughtBy: { file: erased, tests: /being sent or in doubt wait/ },
  },
  {
    name: 'bytes-said-to-be-gone-too-soon',
    breaks: 'bytes are not said to be gone while somebody may still read them',
    changes: [
      {
        file: 'packages/server/src/erasure/free-bytes.ts',
        from: 'if (lastChange !== null && !(await isSeenByNobody(client, lastChange, signal))) return null',
        to: 'void isSeenByNobody',
      },
    ],
    caughtBy: { file: erased, tests: /somebody reads what was there before/ },
  },
  {
    name: 'erased-bytes-left-in-the-log',
    breaks: 'no file of the log that waits to be used again holds what was erased',
    changes: [
      {
        file: 'packages/server/src/erasure/clean-server.ts',
        from: 'if (!(await hasFilesAhead(client))) return true',
        to: 'return true',
      },
    ],
    caughtBy: { file: 'packages/server/src/erasure/clean-server.test.ts', tests: /hears late of a setting/ },
  },
]
