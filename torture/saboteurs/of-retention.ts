import type { Saboteur } from './saboteur.ts'

const endings = 'packages/server/test/letters-end-when-their-time-is-over.test.ts'
const archives = 'packages/server/test/letters-are-archived-and-brought-back.test.ts'
const caps = 'packages/server/test/a-queue-comes-to-its-cap.test.ts'
const room = 'packages/server/test/a-queue-that-is-nearly-full-makes-room.test.ts'
const writing = 'packages/server/src/archive/write-archive.ts'

export const ofRetention: readonly Saboteur[] = [
  {
    name: 'open-letters-end-unseen',
    breaks: 'an open letter does not end before somebody has looked at its cause',
    changes: [
      {
        file: 'packages/server/src/retention/due.ts',
        from: `c.state in ('new', 'regressed')`,
        to: `c.state in ('regressed')`,
      },
    ],
    caughtBy: { file: endings, tests: /until somebody has looked/ },
  },
  {
    name: 'awaited-letters-end',
    breaks: 'a letter does not end while the outcome of its replay is awaited',
    changes: [
      {
        file: 'packages/server/src/retention/due.ts',
        from: 'where i.closed_at is null)',
        to: 'where i.closed_at is not null and false)',
      },
    ],
    caughtBy: { file: endings, tests: /outcome is awaited keeps its letter/ },
  },
  {
    name: 'everything-ends-unasked',
    breaks: 'what would end a great part of all letters at once asks a person first',
    changes: [
      {
        file: 'packages/server/src/retention/begin-pass.ts',
        from: 'const asks = said === null && ',
        to: 'const asks = letters < 0 && ',
      },
    ],
    caughtBy: { file: endings, tests: /not ended before a person says so/ },
  },
  {
    name: 'tombstone-outside-the-books',
    breaks: 'a deleted letter stays in the books',
    changes: [
      {
        file: 'packages/server/src/retention/delete-letters.ts',
        from: `        to: 'tombstone',\n        letters,`,
        to: `        to: 'tombstone',\n        letters: letters - 1,`,
      },
    ],
    caughtBy: { file: endings, tests: /leaves a tombstone with its hash/ },
  },
  {
    name: 'archive-not-read-back',
    breaks: 'no letter depends on an archive that was not read back whole',
    changes: [{ file: writing, from: 'if (problem !== undefined)', to: 'if (problem === null)' }],
    caughtBy: { file: archives, tests: /a place that does not keep what it was given/ },
  },
  {
    name: 'archived-though-it-changed',
    breaks: 'a letter that changed since it was read is not archived as it was',
    changes: [{ file: writing, from: 'and l.revision = n.revision', to: 'and l.revision >= n.revision' }],
    caughtBy: { file: archives, tests: /a letter that changes while it is archived/ },
  },
  {
    name: 'other-bytes-restored',
    breaks: 'only the bytes that were archived come back',
    changes: [
      {
        file: 'packages/server/src/archive/bring-back.ts',
        from: 'and c.body_sha256 = n.sha256',
        to: 'and n.sha256 is not null',
      },
    ],
    caughtBy: { file: archives, tests: /another letter’s bytes are not restored/ },
  },
  {
    name: 'acknowledged-though-full',
    breaks: 'what there is no room for stays at its source, unacknowledged',
    changes: [
      {
        file: 'packages/server/src/capture/read-all.ts',
        from: '  await commitSurely(commit, batch)\n',
        to: `  await commitSurely(commit, batch).catch((error: unknown) => {\n    if (!(error instanceof Error) || error.name !== 'QueueFull') throw error\n  })\n`,
      },
    ],
    caughtBy: { file: caps, tests: /takes no more, and goes on by itself.*ids/ },
  },
  {
    name: 'cap-of-each-office',
    breaks: 'a cap holds for all who capture its queue together',
    changes: [
      {
        file: 'packages/server/src/capture/within-caps.ts',
        from: 'if (isFull || shareOf(before, cap) >= 1)',
        to: 'if (shareOf(added, cap) >= 1)',
      },
    ],
    caughtBy: { file: caps, tests: /over its cap by no more than one batch/ },
  },
  {
    name: 'undoable-discards-archived',
    breaks: 'a discard that can be undone is not archived to make room',
    changes: [
      {
        file: 'packages/server/src/retention/make-room.ts',
        from: ' and l.changed_at < now() - make_interval(days => ${undoDays})',
        to: '',
      },
    ],
    caughtBy: { file: room, tests: /a discard that can still be undone never is/ },
  },
]
