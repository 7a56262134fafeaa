import { type Tier, tiers } from '@redrive/worker'
import { type TSchema, Type } from 'typebox'

/** When letters are sent again without a person: never, while their backend is healthy, or once their cause was fixed. */
export const replayWhens = ['by-hand', 'healthy', 'fixed'] as const
export type ReplayWhen = (typeof replayWhens)[number]

/** What is said of the automatic replay of a tier. What a queue's tier leaves out is the office's for that tier. */
export interface ReplayDocument {
  /** @default 'by-hand' */
  readonly when?: ReplayWhen
  /** Healthy is what answers 2xx here within 5 s; without it the canary alone decides. In the file only. */
  readonly healthUrl?: string
  /** How long ago a letter was captured at least, as `5m`. @default '5m' */
  readonly after?: string
  /** From one run to the next; twice as long after each that failed, up to six hours. @default '5m' */
  readonly retryEvery?: string
  /** Letters that go first and alone. @default 5 */
  readonly canary?: number
  /** Letters a second. @default 10 */
  readonly pace?: number
  /** Most letters that are sent in any hour. @default 1000 */
  readonly perHour?: number
  /** Most times that a letter and what it became are sent. @default 3 */
  readonly times?: number
  /** After so many failed runs in a row nothing is sent until a person says so. @default 5 */
  readonly stopAfter?: number
}

/** The same with nothing left out. */
export interface ReplayPolicy {
  readonly when: ReplayWhen
  readonly healthUrl: string | null
  readonly afterMs: number
  readonly retryEveryMs: number
  readonly canary: number
  readonly pace: number
  readonly perHour: number
  readonly times: number
  readonly stopAfter: number
}

/** What the office says of tiers. */
export type ReplayByTier = Readonly<Partial<Record<Tier, ReplayDocument>>>

const minuteMs = 60_000

export const defaultReplay: ReplayPolicy = {
  when: 'by-hand',
  healthUrl: null,
  afterMs: 5 * minuteMs,
  retryEveryMs: 5 * minuteMs,
  canary: 5,
  pace: 10,
  perHour: 1_000,
  times: 3,
  stopAfter: 5,
}

/** Its fields, as a queue's document has them below `tiers.<tier>.replay`. */
export const replayFields = [
  'when',
  'healthUrl',
  'after',
  'retryEvery',
  'canary',
  'pace',
  'perHour',
  'times',
  'stopAfter',
] as const
type ReplayField = (typeof replayFields)[number]

const unitMs = { s: 1_000, m: minuteMs, h: 60 * minuteMs } as const
/** Neither references nor a name and password: the address is shown to everybody who looks at the queue. */
const address = '^https?://[^\\s/?#@$\\u0000]+([/?#][^\\s$\\u0000]*)?$'

/**
 * @param wrap makes a field what it is there: optional, or also `null`
 * @param options.byApi the office asks addresses of its own file only: whoever may document a queue may not send it anywhere
 */
export function replayShape(
  wrap: (schema: TSchema) => TSchema,
  { byApi = false }: { readonly byApi?: boolean } = {},
): TSchema {
  const whole = (maximum: number, description: string): TSchema =>
    wrap(Type.Integer({ minimum: 1, maximum, description }))
  const time = (pattern: string, description: string): TSchema => wrap(Type.String({ pattern, description }))
  return Type.Object(
    {
      when: wrap(
        Type.Enum([...replayWhens], {
          description:
            'by-hand: nothing is sent without a person. healthy: while the backend is healthy. fixed: once the cause was fixed; default by-hand.',
        }),
      ),
      ...(byApi
        ? {}
        : {
            healthUrl: wrap(
              Type.String({
                pattern: address,
                maxLength: 1_000,
                description: 'Healthy is what answers 2xx here within 5 s; without it the canary alone decides.',
              }),
            ),
          }),
      after: time('^([1-9][0-9]{0,3}[smh]|0s)$', 'How long ago a letter was captured at least, as 5m; default 5m.'),
      retryEvery: time(
        '^([1-9][0-9]{0,2}s|([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|360)m|[1-6]h)$',
        'From one run to the next; twice as long after each that failed, up to six hours; default 5m.',
      ),
      canary: whole(1_000, 'Letters that go first and alone; default 5.'),
      pace: whole(10_000, 'Letters a second; default 10.'),
      perHour: whole(1_000_000, 'Most letters that are sent in any hour; default 1000.'),
      times: whole(100, 'Most times that a letter and what it became are sent; default 3.'),
      stopAfter: whole(100, 'After so many failed runs in a row nothing is sent until a person says so; default 5.'),
    },
    { additionalProperties: false, description: 'What is sent again without a person.' },
  )
}

/** `tiers` of the file. */
export const officeTiersShape: TSchema = Type.Record(
  Type.String({ pattern: `^(${tiers.join('|')})$` }),
  Type.Object({ replay: Type.Optional(replayShape(Type.Optional)) }, { additionalProperties: false }),
  { description: `What holds for a kind of failure in all queues: ${tiers.join(', ')}.`, additionalProperties: false },
)

/** By `replayFields`, as text; `null` where a change takes one back, and what is left out is left out. */
export function flatReplay(replay: object | undefined): readonly (readonly [ReplayField, string | null])[] {
  const given = (replay ?? {}) as Readonly<Record<string, string | number | null | undefined>>
  return replayFields.flatMap((field) => {
    const value = given[field]
    return value === undefined ? [] : [[field, value === null ? null : String(value)] as const]
  })
}

/** The first of the sources that says a field counts for it; the nearest first. What a tier is never sent for is by hand, whoever says otherwise. */
export function replayOf(
  tier: Tier,
  says: readonly ((field: ReplayField) => string | null | undefined)[],
): ReplayPolicy {
  const said = (field: ReplayField): string | undefined => {
    for (const each of says) {
      const value = each(field)
      if (value !== undefined && value !== null) return value
    }
    return undefined
  }
  const number = (field: ReplayField, otherwise: number): number => Number(said(field) ?? otherwise)
  const ms = (field: 'after' | 'retryEvery', otherwise: number): number => {
    const text = said(field)
    return text === undefined ? otherwise : msOf(text)
  }
  const when = replayWhens.find((each) => each === said('when')) ?? defaultReplay.when
  return {
    when: neverSent(tier, when) === null ? when : 'by-hand',
    healthUrl: said('healthUrl') ?? null,
    afterMs: ms('after', defaultReplay.afterMs),
    retryEveryMs: ms('retryEvery', defaultReplay.retryEveryMs),
    canary: number('canary', defaultReplay.canary),
    pace: number('pace', defaultReplay.pace),
    perHour: number('perHour', defaultReplay.perHour),
    times: number('times', defaultReplay.times),
    stopAfter: number('stopAfter', defaultReplay.stopAfter),
  }
}

/** Why letters of a tier are not sent that way, and what to do instead; `null`: they may be. */
export function neverSent(tier: string, when: string | null | undefined): string | null {
  if (tier === 'malformed' && (when === 'healthy' || when === 'fixed'))
    return 'malformed letters are never sent by themselves, for their bytes would stay what they are: repair or discard them, and take this out'
  if (tier === 'exhausted' && when === 'healthy')
    return 'exhausted letters took their process down, and would take a healthy one down as well: say fixed, or take this out'
  return null
}

/** What the shapes cannot say. */
export function replayIssues(raw: {
  readonly tiers?: Readonly<Record<string, Replaying>>
  readonly queues?: Readonly<Record<string, { readonly tiers?: Readonly<Record<string, Replaying>> }>>
}): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const placed = [
    ...Object.entries(raw.tiers ?? {}).map(([tier, of]) => ({ path: ['tiers', tier], tier, of })),
    ...Object.entries(raw.queues ?? {}).flatMap(([queue, { tiers: own = {} }]) =>
      Object.entries(own).map(([tier, of]) => ({ path: ['queues', queue, 'tiers', tier], tier, of })),
    ),
  ]
  return placed.flatMap(({ path, tier, of }) => {
    const message = neverSent(tier, of?.replay?.when)
    return message === null ? [] : [{ path: [...path, 'replay', 'when'], message }]
  })
}

interface Replaying {
  readonly replay?: ReplayDocument
}

function msOf(text: string): number {
  return Number(text.slice(0, -1)) * unitMs[text.slice(-1) as keyof typeof unitMs]
}
