import type { Saboteur } from './saboteur.ts'

const crash = 'packages/worker/test/a-crash-at-any-moment-loses-nothing.test.ts'

export const ofWorker: readonly Saboteur[] = [
  {
    name: 'acknowledged-before-the-letter-is-confirmed',
    breaks: 'a message is acknowledged only when its dead letter is confirmed',
    changes: [
      {
        file: 'packages/worker/src/worker/death.ts',
        from: '  const sent = await sender.surely(lanes.deadLetter, forms)',
        to: `  await task.ack()
  const sent = await sender.surely(lanes.deadLetter, forms)`,
      },
    ],
    caughtBy: { file: crash, tests: /a crash before or after any send/ },
  },
  {
    name: 'acknowledged-before-the-retry-is-confirmed',
    breaks: 'a message is acknowledged only when its retry is in a lane',
    changes: [
      {
        file: 'packages/worker/src/worker/conclude.ts',
        from: '  switch (await kit.sender.surely(laneFor(kit.lanes, delayMs), forms, { mayRefuse: true })) {',
        to: `  await task.ack()
  switch (await kit.sender.surely(laneFor(kit.lanes, delayMs), forms, { mayRefuse: true })) {`,
      },
    ],
    caughtBy: { file: crash, tests: /a crash before or after any send/ },
  },
  {
    name: 'acknowledged-before-the-receipt-is-confirmed',
    breaks: 'a replay is acknowledged only when its receipt is confirmed',
    changes: [
      {
        file: 'packages/worker/src/worker/conclude.ts',
        from: '  if (task.replayId !== null) {\n    const wire = task.wire()\n',
        to: '  if (task.replayId !== null) {\n    const wire = task.wire()\n    await task.ack()\n',
      },
    ],
    caughtBy: {
      file: 'packages/worker/test/what-cannot-be-sent-stops-the-intake.test.ts',
      tests: /receipts that cannot be sent hold the acknowledgement back/,
    },
  },
  {
    name: 'late-result-counts',
    breaks: 'a handler that answers after its timeout changes nothing any more',
    changes: [
      {
        file: 'packages/worker/src/worker/attempt.ts',
        from: `          if (!running.unwatch(call)) return onLate(call.task, 'handled')\n`,
        to: `          if (!running.unwatch(call)) onLate(call.task, 'handled')\n`,
      },
    ],
    caughtBy: {
      file: 'packages/worker/test/a-slow-handler-is-fenced.test.ts',
      tests: /a handler that ignores its signal/,
    },
  },
  {
    name: 'keys-out-of-order',
    breaks: 'messages of a key run one after another, as they arrived',
    changes: [
      {
        file: 'packages/worker/src/worker/scheduler.ts',
        from: 'if (waiting !== undefined && !claimed.has(job)) {',
        to: 'if (waiting !== undefined && running > 1_000 && !claimed.has(job)) {',
      },
    ],
    caughtBy: {
      file: 'packages/worker/test/concurrency-order-and-bounds.test.ts',
      tests: /messages of a key run one after another/,
    },
  },
]
