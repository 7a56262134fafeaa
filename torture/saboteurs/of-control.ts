import type { Saboteur } from './saboteur.ts'

const frozen = 'packages/server/test/a-plan-is-frozen.test.ts'
const automatic = 'packages/server/test/letters-are-replayed-automatically.test.ts'
const stops = 'packages/server/test/a-stop-stops.test.ts'
const discards = 'packages/server/test/letters-are-discarded.test.ts'
const conversation = 'packages/server/test/an-alert-is-one-conversation.test.ts'
const notices = 'packages/server/test/notices-are-delivered-at-least-once.test.ts'

export const ofControl: readonly Saboteur[] = [
  {
    name: 'canary-judged-on-sends',
    breaks: 'a canary passes by what its consumer made of it, not by having been sent',
    changes: [
      {
        file: 'packages/server/src/replay/judge-run.ts',
        from: 'select coalesce(sum(confirmed), 0)::int as confirmed',
        to: 'select coalesce(sum(sent), 0)::int as confirmed',
      },
    ],
    caughtBy: {
      file: 'packages/server/test/a-run-is-judged-by-its-outcomes.test.ts',
      tests: /a canary nobody speaks of is no success/,
    },
  },
  {
    name: 'selection-evaluated-at-the-run',
    breaks: 'what runs is the set that somebody looked at',
    changes: [
      {
        file: 'packages/server/src/replay/runs.ts',
        from: '  await takeLetters(client, { runId, planId: request.plan, letters: plan.letters, withHeld: plan.with_held })',
        to: `  const { rowCount } = await client.query(
    \`insert into plan_letter (plan_id, ordinal, letter_id, revision, version, body_sha256, place, bytes)
     select $1, $2::int + row_number() over (order by l.id) - 1, l.id, l.revision, l.version, c.body_sha256, 0, c.bytes
       from letter l join letter_content c on c.id = l.id where l.state = 'open'
       and not exists (select from plan_letter p where p.plan_id = $1 and p.letter_id = l.id)\`,
    [request.plan, plan.letters],
  )
  plan.letters += rowCount ?? 0
  await client.query('update plan set letters = $2 where id = $1', [request.plan, plan.letters])
  await takeLetters(client, { runId, planId: request.plan, letters: plan.letters, withHeld: plan.with_held })`,
      },
    ],
    caughtBy: { file: frozen, tests: /letters that arrive after the plan are not sent/ },
  },
  {
    name: 'stale-plan-runs',
    breaks: 'a plan whose letters changed is refused',
    changes: [
      {
        file: 'packages/server/src/replay/runs.ts',
        from: ` and l.revision = p.revision
`,
        to: '\n',
      },
    ],
    caughtBy: { file: 'packages/server/test/a-letter-is-edited.test.ts', tests: /a plan made before an edit is stale/ },
  },
  {
    name: 'digest-not-checked',
    breaks: 'a plan that was tampered with is refused',
    changes: [
      {
        file: 'packages/server/src/replay/runs.ts',
        from: 'if (!plan.digest.equals(await digestOfPlan(client, request.plan)))',
        to: 'if (plan.digest.length === 0)',
      },
    ],
    caughtBy: { file: frozen, tests: /tampered with/ },
  },
  {
    name: 'stop-not-checked',
    breaks: 'after a stop was acknowledged nothing more is sent',
    changes: [
      {
        file: 'packages/server/src/replay/claim.ts',
        from: `  if (state !== 'running') return 'stopped'\n`,
        to: `  if (state === 'done') return 'stopped'\n`,
      },
      {
        file: 'packages/server/src/replay/replayer.ts',
        from: 'for (const { id } of rows) active.get(id)?.stop.abort()',
        to: 'for (const { id } of rows) active.get(id)',
      },
    ],
    caughtBy: { file: stops, tests: /twenty pauses/ },
  },
  {
    name: 'sent-batch-put-back',
    breaks: 'only what was not sent is taken back when a run stops',
    changes: [
      {
        file: 'packages/server/src/replay/carry-out.ts',
        from: '        noted = throughOutage(clock, () => markResults(store, lease, { fromOrdinal, results }))\n',
        to: `        const stopped = \`select from run where id = '\${lease.runId}' and state <> 'running'\`
        if ((await store.pool.query(stopped)).rowCount === 1) await putBack(store, lease, batch)
        noted = throughOutage(clock, () => markResults(store, lease, { fromOrdinal, results }))\n`,
      },
    ],
    caughtBy: { file: stops, tests: /a cancel while a batch is on its way/ },
  },
  {
    name: 'pace-not-kept',
    breaks: 'a pace holds over restarts and several nodes',
    changes: [
      {
        file: 'packages/server/src/replay/claim.ts',
        from: `    if (progress.due_in_ms > 0) return { kind: 'wait', ms: progress.due_in_ms }\n`,
        to: '',
      },
    ],
    caughtBy: { file: 'packages/server/test/the-pace-holds.test.ts', tests: /what is not due yet waits/ },
  },
  {
    name: 'automatic-bound-not-kept',
    breaks: 'no more letters are sent without a person in any hour than somebody said, over restarts',
    changes: [
      {
        file: 'packages/server/src/automatic/read-facts.ts',
        from: `where e.queue = $1 and e.tier = $2 and (e.settled_at is null or e.settled_at > n.at - interval '1 hour')`,
        to: 'where e.queue = $1 and e.tier = $2 and e.settled_at is null',
      },
    ],
    caughtBy: { file: automatic, tests: /the bound of an hour holds/ },
  },
  {
    name: 'cancelled-policy-goes-on',
    breaks: 'a person who cancels a run of a policy has stopped it',
    changes: [
      {
        file: 'packages/server/src/automatic/settle.ts',
        from: `  if (judged.verdict === 'cancelled') {`,
        to: `  if (judged.verdict === 'cancelled' && policy.stopAfter === 0) {`,
      },
    ],
    caughtBy: { file: automatic, tests: /a cancel of a run stops its policy/ },
  },
  {
    name: 'letter-under-replay-discarded',
    breaks: 'letters of a run belong to it until it is over',
    changes: [
      {
        file: 'packages/server/src/letters/discards/run-discard.ts',
        from: 'and l.state = d.was and l.revision = d.revision order by',
        to: 'order by',
      },
    ],
    caughtBy: { file: discards, tests: /a run has taken since/ },
  },
  {
    name: 'ledger-outside-the-transaction',
    breaks: 'the books move in the transaction that moves the letters',
    changes: [
      {
        file: 'packages/server/src/letters/discards/undo-discard.ts',
        from: 'await recordTransfer(client, {',
        to: 'await recordTransfer(store.pool, {',
      },
    ],
    caughtBy: { file: discards, tests: /nothing is undone/ },
  },
  {
    name: 'undone-though-it-was-sent',
    breaks: 'a letter whose replay turned out to have arrived is not open again when its discard is undone',
    changes: [
      {
        file: 'packages/server/src/letters/discards/undo-discard.ts',
        from: `when 'sent' = any(r.states) then 'replayed'`,
        to: `when false then 'replayed'`,
      },
    ],
    caughtBy: { file: discards, tests: /the truth may come while its letter is discarded/ },
  },
  {
    name: 'audit-left-out',
    breaks: 'whoever ends letters is in the audit trail, in the same transaction',
    changes: [
      {
        file: 'packages/server/src/letters/discards/run-discard.ts',
        from: '  await recordAudit(client, {',
        to: '  if (discarded < 0) await recordAudit(client, {',
      },
    ],
    caughtBy: { file: discards, tests: /is in the audit trail/ },
  },
  {
    name: 'failed-notice-forgotten',
    breaks: 'what somebody is to be told is tried until it arrives',
    changes: [
      {
        file: 'packages/server/src/alerts/delivery/outbox.ts',
        from: `delivered.kind === 'later' ? 'waiting' : delivered.kind`,
        to: `delivered.kind === 'later' ? 'delivered' : delivered.kind`,
      },
    ],
    caughtBy: { file: notices, tests: /what fails is tried again/ },
  },
  {
    name: 'alert-said-outside-its-transaction',
    breaks: 'whatever raises an alert has written down who is to be told of it',
    changes: [
      {
        file: 'packages/server/src/alerts/look.ts',
        from: '  await writeAlerts(client, alerts)\n',
        to: `  await writeAlerts(client, alerts)\n  if (addressed.length > 0) await client.query('commit')\n`,
      },
    ],
    caughtBy: { file: conversation, tests: /or nothing is raised/ },
  },
]
