import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { numberOf } from './checks/history.ts'
import type { Operator } from './operator.ts'

/** So long what is uncertain is waited for once all the rest is done: the office has to look for it where it was sent to. */
const uncertainMs = 60_000

/** No fault happens any more: everything that was sent has to come to an end. */
export async function settle(run: {
  readonly operator: Operator
  readonly produced: ReadonlyMap<number, string>
  /** Numbers of the messages that were handled so far. */
  readonly handled: () => ReadonlySet<number>
  readonly databaseUrl: string
  readonly settleMs: number
  readonly say: (line: string) => void
}): Promise<boolean> {
  const untilMs = performance.now() + run.settleMs
  let quietSinceMs: number | undefined
  let last = ''
  // What has become quiet in time is listened to for as long as it takes.
  while (performance.now() < untilMs || quietSinceMs !== undefined) {
    await sleep(1_000)
    const status = await run.operator.status().catch(() => null)
    if (status === null) continue
    const { open = 0, replaying = 0, held = 0, uncertain = 0 } = status.letters
    const missing = await unhandled(run).catch(() => -1)
    last = `${open} open, ${replaying} replaying, ${held} held, ${uncertain} uncertain, ${missing} on their way`
    if (open + replaying + held + Math.abs(missing) > 0) {
      quietSinceMs = undefined
      continue
    }
    quietSinceMs ??= performance.now()
    const quietMs = performance.now() - quietSinceMs
    if (quietMs >= (uncertain > 0 ? uncertainMs : 4_000)) return true
  }
  run.say(`it did not settle: ${last}`)
  return false
}

/** Messages neither handled nor at their end in a letter: they have to be on their way. */
async function unhandled(run: {
  readonly produced: ReadonlyMap<number, string>
  readonly handled: () => ReadonlySet<number>
  readonly databaseUrl: string
}): Promise<number> {
  const ended = new Set(run.handled())
  const client = new pg.Client({ connectionString: run.databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ body: Buffer }>(
      `select c.body from redrive.letter l join redrive.letter_content c on c.id = l.id where l.state in ('uncertain', 'discarded')`,
    )
    for (const { body } of rows) ended.add(numberOf(body))
  } finally {
    await client.end()
  }
  return [...run.produced.keys()].filter((n) => !ended.has(n)).length
}
