import { pause, type Saboteur } from './saboteur.ts'

const once = 'packages/server/test/letters-are-captured-once.test.ts'

export const ofCapture: readonly Saboteur[] = [
  {
    name: 'acknowledged-before-committed',
    breaks: 'a letter is acknowledged at its source only when the database has it',
    changes: [
      {
        file: 'packages/server/src/capture/read-all.ts',
        from: `  await commitSurely(commit, batch)
  settling.ack(subscription, deliveries, letterIds)`,
        to: `  settling.ack(subscription, deliveries, letterIds)
  ${pause}
  await commitSurely(commit, batch)`,
      },
    ],
    caughtBy: { torture: 'embedded', victims: ['office', 'database'] },
  },
  {
    name: 'position-outside-the-transaction',
    breaks: 'the position of a source moves in the transaction of the letters it produced',
    changes: [
      {
        file: 'packages/server/src/capture/commit-batch.ts',
        from: '    await batch.rows.insert(client)',
        to: `    await movePositions(store.pool, sourceId, moves)
    await batch.rows.insert(client)`,
      },
      {
        file: 'packages/server/src/capture/commit-batch.ts',
        from: '    await movePositions(client, sourceId, moves)\n',
        to: '',
      },
    ],
    caughtBy: { file: once, tests: /a commit that fails moves no position/ },
  },
  {
    name: 'duplicate-identity-accepted',
    breaks: 'one death that was delivered twice is one letter',
    changes: [
      {
        file: 'packages/server/src/capture/identity.ts',
        from: 'return stable(`wire\\n${facts.wireId}',
        to: 'return stable(`${Math.random()} wire\\n${facts.wireId}',
      },
    ],
    caughtBy: { file: once, tests: /its worker sent twice|because it was not sure/ },
  },
  {
    name: 'deleted-letters-forgotten',
    breaks: 'a death that arrives again after its letter was deleted is no new letter',
    changes: [
      {
        file: 'packages/server/src/capture/commit-batch.ts',
        from: '    if (await wereDeleted(client, sourceId, batch.span)) throw new WasDeleted()\n',
        to: '',
      },
    ],
    caughtBy: { file: once, tests: /after its letter was deleted/ },
  },
  {
    name: 'a-lost-answer-is-a-failure',
    breaks: 'a commit without an answer is asked about before it is tried again',
    changes: [
      {
        file: 'packages/server/src/capture/commit-surely.ts',
        from: 'if (retrying && (await wasCommitted(store, batch)))',
        to: 'if (retrying && batch.size < 0 && (await wasCommitted(store, batch)))',
      },
    ],
    caughtBy: { file: once, tests: /a commit whose answer is lost/ },
  },
  {
    name: 'receipt-acknowledged-before-kept',
    breaks: 'a receipt is acknowledged only when the database has it',
    changes: [
      {
        file: 'packages/server/src/capture/read-all.ts',
        from: '  await commitSurely(commit, batch)',
        to: `  if (batch.receipts.length > 0) settling.ack(subscription, deliveries, letterIds)
  await commitSurely(commit, batch)`,
      },
    ],
    caughtBy: {
      file: 'packages/server/test/receipts-and-returns-reach-the-replay.test.ts',
      tests: /a receipt that cannot be kept/,
    },
  },
  {
    name: 'hostile-letter-blocks-its-batch',
    breaks: 'a letter that the database refuses is kept alone, and those around it too',
    changes: [
      {
        file: 'packages/server/src/capture/commit-surely.ts',
        from: 'if (error instanceof Error && isRefusal(error) && batch.letters.length > 0)',
        to: 'if (error instanceof Error && isRefusal(error) && batch.letters.length < 0)',
      },
    ],
    caughtBy: {
      file: 'packages/server/test/hostile-letters-never-stop-a-batch.test.ts',
      tests: /a letter the database refuses is kept alone/,
    },
  },
]
