import { keptOf } from '../store/queue-kept.ts'
import type { Store } from '../store/store.ts'
import { trafficOfQueues } from '../traffic/index.ts'
import { addUp, boundedNames } from './bounded.ts'
import type { Family } from './exposition.ts'

const maxQueues = 200
const letterStates = ['open', 'held', 'replaying', 'uncertain', 'replayed', 'discarded', 'archived', 'erased'] as const

/** From the books and from indexes of what is outstanding: nothing is counted letter by letter. */
export async function metricsOfStore(store: Store): Promise<readonly Family[]> {
  return store.transaction(
    async (client) => {
      const { rows: queues } = await client.query<{
        queue: string
        account: string | null
        letters: string | null
        oldest: number | null
      }>(
        `select q.name as queue, b.account, b.letters,
           (select extract(epoch from now() - uuid_extract_timestamp(letter_id))::float8
            from outstanding o where o.queue_id = q.id and o.state = 'open' order by letter_id limit 1) as oldest
         from queue q left join book b on b.queue_id = q.id`,
      )
      const { rows: causes } = await client.query<{ queue: string; state: string; causes: number }>(
        // The limit makes it one look into an index for each cause; without it all that is outstanding may be read.
        `select q.name as queue, c.state::text, count(*)::int as causes from cause c join queue q on q.id = c.queue_id
           cross join lateral (select from outstanding o where o.cause_id = c.id limit 1) waiting group by 1, 2`,
      )
      const { rows: runs } = await client.query<{ state: string; runs: number }>(
        `select state::text, count(*)::int as runs from run where state in ('running', 'paused', 'halted') group by 1`,
      )
      const { rows: sends } = await client.query<{
        sent: string
        not_sent: string
        uncertain: string
        confirmed: string
        returned: string
      }>(
        `select coalesce(sum(sent), 0) as sent, coalesce(sum(not_sent), 0) as not_sent, coalesce(sum(uncertain), 0) as uncertain,
           coalesce(sum(confirmed), 0) as confirmed, coalesce(sum(returned), 0) as returned from intent`,
      )
      const traffic = await trafficOfQueues(client)
      const kept = await keptOf(client)
      const name = boundedNames(sizesOf(queues), maxQueues)
      const named = (queue: string): string => name.get(queue) ?? queue
      const ofState = (state: string): number => runs.find((row) => row.state === state)?.runs ?? 0
      return [
        {
          name: 'redrive_letters',
          type: 'gauge',
          help: 'Letters by queue and state, from the books.',
          samples: addUp(
            queues.flatMap(({ queue, account, letters }) =>
              account !== null && isLetterState(account)
                ? [{ labels: { queue: named(queue), state: account }, value: Number(letters) }]
                : [],
            ),
          ),
        },
        {
          name: 'redrive_letters_captured_total',
          type: 'counter',
          help: 'Letters ever captured, by queue.',
          samples: addUp(
            queues.flatMap(({ queue, account, letters }) =>
              account === 'source' ? [{ labels: { queue: named(queue) }, value: -Number(letters) }] : [],
            ),
          ),
        },
        {
          name: 'redrive_oldest_open_letter_age_seconds',
          type: 'gauge',
          help: 'Age of the oldest open letter of a queue, since its capture; 0 without one.',
          samples: addUp(
            queues.map(({ queue, oldest }) => ({ labels: { queue: named(queue) }, value: Math.max(0, oldest ?? 0) })),
            Math.max,
          ),
        },
        {
          name: 'redrive_traffic_last_hour',
          type: 'gauge',
          help: 'Messages of the last hour by queue and what became of them, as workers report it; nothing for a queue of which none reports.',
          samples: addUp(
            [...traffic].flatMap(([queue, { handled, died }]) => [
              { labels: { queue: named(queue), result: 'handled' }, value: handled },
              { labels: { queue: named(queue), result: 'died' }, value: died },
            ]),
          ),
        },
        {
          name: 'redrive_kept_letters',
          type: 'gauge',
          help: 'Letters that a queue keeps here, done ones included, as its cap counts them.',
          samples: addUp(kept.map(({ queue, letters }) => ({ labels: { queue: named(queue) }, value: letters }))),
        },
        {
          name: 'redrive_kept_bytes',
          type: 'gauge',
          help: 'Bytes of the letters that a queue keeps here, as its cap counts them.',
          samples: addUp(kept.map(({ queue, bytes }) => ({ labels: { queue: named(queue) }, value: bytes }))),
        },
        {
          name: 'redrive_queue_full',
          type: 'gauge',
          help: '1 while a queue has come to its cap and takes no more letters, so that its sources wait.',
          samples: addUp(
            kept.map(({ queue, fullSince }) => ({
              labels: { queue: named(queue) },
              value: fullSince === null ? 0 : 1,
            })),
          ),
        },
        {
          name: 'redrive_causes',
          type: 'gauge',
          help: 'Causes with letters that wait, by queue and state.',
          samples: addUp(
            causes.map(({ queue, state, causes }) => ({ labels: { queue: named(queue), state }, value: causes })),
          ),
        },
        {
          name: 'redrive_runs',
          type: 'gauge',
          help: 'Runs that are not over, by state.',
          samples: ['running', 'paused', 'halted'].map((state) => ({ labels: { state }, value: ofState(state) })),
        },
        {
          name: 'redrive_replay_sends',
          type: 'gauge',
          help: 'Replayed letters by what is known of their send now; uncertain ones become sent or not_sent once it is found out.',
          samples: (['sent', 'not_sent', 'uncertain'] as const).map((result) => ({
            labels: { result },
            value: Number(sends[0]?.[result] ?? 0),
          })),
        },
        {
          name: 'redrive_replay_outcomes_total',
          type: 'counter',
          help: 'Replayed letters that were confirmed, or returned as a letter again.',
          samples: (['confirmed', 'returned'] as const).map((outcome) => ({
            labels: { outcome },
            value: Number(sends[0]?.[outcome] ?? 0),
          })),
        },
      ] satisfies Family[]
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

function isLetterState(account: string): boolean {
  return letterStates.some((state) => state === account)
}

function sizesOf(
  rows: readonly { readonly queue: string; readonly account: string | null; readonly letters: string | null }[],
): readonly { readonly name: string; readonly letters: number }[] {
  const sizes = new Map<string, number>()
  for (const { queue, account, letters } of rows)
    sizes.set(queue, (sizes.get(queue) ?? 0) + (account === 'source' ? -Number(letters) : 0))
  return [...sizes].map(([name, letters]) => ({ name, letters }))
}
