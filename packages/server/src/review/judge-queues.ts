import type { PoolClient } from 'pg'
import { readLimits, watchedBy } from '../alerts/index.ts'
import type { AlertsConfig, RetentionPolicy } from '../config/index.ts'
import type { SourceExpiry } from '../expiry/index.ts'
import { lossesSince } from '../store/source-losses.ts'
import type { Found } from './decide.ts'
import { judgeHygiene, type KeptSo } from './judge-hygiene.ts'
import { keepingOf } from './read/keeping-of.ts'
import { readHygiene } from './read/read-hygiene.ts'
import type { ReviewedRun } from './review.ts'
import type { Span } from './week.ts'

/** What only the office knows. */
export interface OfficeFacts {
  readonly config: AlertsConfig
  readonly retention: RetentionPolicy
  /** Places that are read now. */
  readonly captures: readonly { readonly broker: string; readonly place: string; readonly state: string }[]
  /** What brokers last said of how long they keep. @default nothing is known */
  readonly expiry?: readonly SourceExpiry[]
}

type Judged = Found['queues'][number]

/** The hygiene of queues, by their names: also of quiet ones, for a queue of which nothing is captured looks quiet. */
export async function judgeQueues(
  client: PoolClient,
  {
    config,
    captures,
    expiry = [],
    queues,
    runs,
    keptSo,
    ...at
  }: OfficeFacts &
    Span & {
      readonly nowMs: number
      readonly queues: readonly string[]
      readonly runs: ReadonlyMap<string, readonly ReviewedRun[]>
      readonly keptSo: ReadonlyMap<string, KeptSo>
    },
): Promise<ReadonlyMap<string, Judged>> {
  const known = await readHygiene(client, { ...at, queues })
  const limits = await readLimits(client, config.limits)
  const losses = (await lossesSince(client, at.fromMs)).filter(({ noticedAt }) => noticedAt.getTime() <= at.toMs)
  return new Map(
    [...known].map(([name, facts]) => {
      const keeping = keepingOf(facts.sources, { expiry, losses })
      const hygiene = judgeHygiene({
        ...facts,
        ...watchedBy(name, { owner: facts.owner, config: { ...config, limits } }),
        sources: countSources(facts.sources, captures),
        runs: runs.get(name) ?? [],
        ...keeping,
        keptSo: keptSo.get(name) ?? { leastDays: Infinity, endsUnseen: false },
      })
      return [name, { name, hygiene, lostAtSource: keeping.lostAtSource }]
    }),
  )
}

function countSources(
  sources: readonly { readonly broker: string; readonly place: string }[],
  captures: OfficeFacts['captures'],
): { readonly read: number; readonly inTrouble: number; readonly left: number } {
  const states = sources.map(
    ({ broker, place }) => captures.find((each) => each.broker === broker && each.place === place)?.state ?? null,
  )
  const read = states.filter((state) => state === 'running').length
  const left = states.filter((state) => state === null).length
  return { read, left, inTrouble: states.length - read - left }
}
