import type { Saboteur } from './saboteur.ts'

export const ofUpkeep: readonly Saboteur[] = [
  {
    name: 'books-added-up-beside-writers',
    breaks: 'an entry that is written while the books are added up is in their sums once',
    changes: [
      {
        file: 'packages/server/src/ledger/add-up-books.ts',
        from: "await client.query('lock table ledger_entry in share row exclusive mode')",
        to: '',
      },
    ],
    caughtBy: {
      file: 'packages/server/test/what-the-office-writes-stays-small.test.ts',
      tests: /while the books are added up is in them once/,
    },
  },
  {
    name: 'questions-hold-up-the-work',
    breaks: 'what dies is captured and told however many slow questions are asked',
    changes: [{ file: 'packages/server/src/office.ts', from: 'store: forPeople,', to: 'store,' }],
    caughtBy: {
      file: 'packages/server/test/people-who-ask-hold-up-nothing.test.ts',
      tests: /is captured and told/,
    },
  },
  {
    name: 'alerts-wait-for-retention',
    breaks: 'alerts are raised and taken however long letters are ended, erased or brought back',
    changes: [
      {
        file: 'packages/server/src/store/advisory-locks.ts',
        from: 'lookForAlerts: 0x7ed21e07',
        to: 'lookForAlerts: 0x7ed21e05',
      },
    ],
    caughtBy: {
      file: 'packages/server/test/no-work-waits-for-unlike-work.test.ts',
      tests: /alerts are raised and taken/,
    },
  },
]
