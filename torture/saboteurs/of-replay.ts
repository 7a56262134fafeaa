import { pause, type Saboteur } from './saboteur.ts'

const dies = 'packages/server/test/a-replayer-dies-between-intent-and-result.test.ts'
const died = 'packages/server/test/what-is-replayed-is-what-died.test.ts'
const looked = 'packages/server/test/uncertain-letters-are-looked-for.test.ts'

export const ofReplay: readonly Saboteur[] = [
  {
    name: 'sent-before-intended',
    breaks: 'a durable intent exists before the first byte of a replay is sent',
    changes: [
      {
        file: 'packages/server/src/replay/claim.ts',
        from: `    return { kind: 'claimed', fromOrdinal: next.from, toOrdinal: upto, isWithin }`,
        to: `    const claim = { kind: 'claimed', fromOrdinal: next.from, toOrdinal: upto, isWithin }
    const sent = await globalThis.sendNow(claim)
    ${pause}
    return { ...claim, sent }`,
      },
      {
        file: 'packages/server/src/replay/carry-out.ts',
        from: '  const ahead = claimsAhead(',
        to: `  globalThis.sendNow = async (claim) => sendBatch((await prepare(claim, { ...options, lease })).letters, options)
  const ahead = claimsAhead(`,
      },
      {
        file: 'packages/server/src/replay/carry-out.ts',
        from: 'await sendBatch(letters, { ...options, put, mayBegin: () => maySend(lease) })',
        to: 'claim.sent',
      },
    ],
    caughtBy: { torture: 'embedded', victims: ['office', 'database'] },
  },
  {
    name: 'intent-not-fenced',
    breaks: 'what somebody writes whose lease is over has no effect',
    changes: [
      {
        file: 'packages/server/src/replay/mark.ts',
        from: '    if (!(await holdsLease(client, lease))) return false\n',
        to: '',
      },
    ],
    caughtBy: { file: dies, tests: /a holder that comes back after its lease/ },
  },
  {
    name: 'left-behind-counts-as-not-sent',
    breaks: 'an intent without results is uncertain, and is not sent again on a guess',
    changes: [
      {
        file: 'packages/server/src/replay/mark.ts',
        from: '(proven.has(ordinal) ? sentMark : markOf.uncertain)',
        to: `(proven.has(ordinal) ? sentMark : 'n')`,
      },
    ],
    caughtBy: { file: dies, tests: /after the intents, before a send/ },
  },
  {
    name: 'timeout-counts-as-not-sent',
    breaks: 'a send without an answer is uncertain',
    changes: [
      {
        file: 'packages/worker/src/brokers/pg-boss/outcome-of-error.ts',
        from: `  return { kind: 'uncertain', reason }
}

/** True`,
        to: `  return { kind: 'not-sent', reason, retryable: true }
}

/** True`,
      },
    ],
    caughtBy: { file: 'packages/worker/src/brokers/pg-boss/outcome-of-error.test.ts', tests: /./ },
  },
  {
    name: 'a-broken-adapter-counts-as-not-sent',
    breaks: 'a send that rejects leaves open how far it came',
    changes: [
      {
        file: 'packages/server/src/replay/send-batch.ts',
        from: `messages.map(() => ({ kind: 'uncertain', reason }))`,
        to: `messages.map(() => ({ kind: 'not-sent', reason, retryable: false }))`,
      },
    ],
    caughtBy: {
      file: 'packages/server/test/sends-have-three-outcomes.test.ts',
      tests: /an adapter that breaks its promise/,
    },
  },
  {
    name: 'not-seen-counts-as-not-sent',
    breaks: 'what is not there yet counts as not sent only when its sender is gone and all has arrived',
    changes: [
      {
        file: 'packages/server/src/replay/resolve.ts',
        from: `answer?.kind === 'absent' && look.isSettled`,
        to: `answer?.kind === 'absent'`,
      },
    ],
    caughtBy: { file: looked, tests: /what was sent last has time to arrive|until it is gone nothing counts/ },
  },
  {
    name: 'lease-not-looked-at-before-a-send',
    breaks: 'a process that stood still longer than its lease sends nothing of what it holds',
    changes: [
      {
        file: 'packages/server/src/replay/claim.ts',
        from: 'return performance.now() < sure.untilMs - sendMarginMs',
        to: 'return sure.untilMs > 0',
      },
    ],
    caughtBy: { file: looked, tests: /stood still longer than its lease/ },
  },
  {
    name: 'lineage-lost',
    breaks: 'a replay carries its id, so that receipts and returns find it',
    changes: [
      { file: 'packages/server/src/replay/outgoing.ts', from: 'replayId: claimed.attemptId,', to: 'replayId: null,' },
    ],
    caughtBy: { file: died, tests: /the replay id put on/ },
  },
  {
    name: 'body-written-again',
    breaks: 'the bytes that are sent are the bytes that died',
    changes: [
      {
        file: 'packages/server/src/replay/outgoing.ts',
        from: '    body: letter.body,',
        to: '    body: writtenAgain(letter.body),',
      },
      {
        file: 'packages/server/src/replay/outgoing.ts',
        from: 'const nothing = new Uint8Array(0)',
        to: `function writtenAgain(body) {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(body.toString('utf8'))))
  } catch {
    return body
  }
}

const nothing = new Uint8Array(0)`,
      },
    ],
    caughtBy: { file: died, tests: /JSON is not written again/ },
  },
  {
    name: 'original-sent-instead-of-the-edit',
    breaks: 'the version that was agreed to is the one that is sent',
    changes: [
      {
        file: 'packages/server/src/replay/outgoing.ts',
        from: `  if (bodySha256 !== claimed.bodySha256.toString('hex')) return refused('its body is not the one that the plan holds')\n`,
        to: '',
      },
    ],
    caughtBy: { file: 'packages/server/test/a-plan-is-frozen.test.ts', tests: /a body that is not the one agreed to/ },
  },
]
