import { type Tier, tiers } from '@redrive/worker'
import { type TSchema, Type } from 'typebox'
import { type AlertLimit, limitShapes } from './alert-limits.ts'
import { urgencies } from './queue-document.ts'

/** What alerts are raised by. */
export const alertRuleNames = [
  'first-failure',
  'regressed',
  'woken',
  'back-again',
  'storm',
  'depth',
  'growth',
  'death-rate',
  'source-silent',
  'age',
  'run-halted',
  'automatic-stopped',
  'books-unbalanced',
  'source-in-trouble',
  'source-not-captured',
  'source-expiring',
  'queue-full',
  'disk-nearly-full',
  'retention-stopped',
  'archive-damaged',
  'erasure-stuck',
  'uncertain-waiting',
  'line-stuck',
  'cause-unopened',
  'letters-untouched',
  'queue-without-owner',
  'notifier-down',
] as const
export type AlertRule = (typeof alertRuleNames)[number]

/** While somebody sleeps: what is no page waits until it is over. */
export interface QuietTime {
  /** `22:00-07:00`, in the zone; over midnight when the second is smaller. */
  readonly hours?: string
  /** Whole days. */
  readonly days?: readonly Weekday[]
  /** Of the IANA database. @default 'UTC' */
  readonly zone?: string
  /** Pages wait as well. @default false */
  readonly pages?: boolean
}

/** Who is told of what. The first route that matches counts; those after it too while it says `continue`. */
export interface AlertRoute {
  readonly queues?: readonly string[]
  readonly tiers?: readonly Tier[]
  /** Names of rules. */
  readonly rules?: readonly AlertRule[]
  readonly owners?: readonly string[]
  readonly urgencies?: readonly (typeof urgencies)[number][]
  /** Names of notifiers; none: nobody is told. */
  readonly notify: readonly string[]
  readonly quiet?: QuietTime
  /** While nobody takes it, others are told as well. */
  readonly escalate?: readonly { readonly afterMinutes: number; readonly notify: readonly string[] }[]
  readonly continue?: boolean
}

export interface AlertsConfig {
  readonly limits: readonly AlertLimit[]
  readonly routes: readonly AlertRoute[]
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

const closed = { additionalProperties: false } as const
const names = (description: string): TSchema =>
  Type.Array(Type.String({ minLength: 1, maxLength: 249 }), { description, maxItems: 200 })
const queues = Type.Optional(names('Names of queues, in which * stands for anything; all without it.'))
const notify = names('Names of notifiers; log is always there.')

export const alertsSchema: TSchema = Type.Object(
  {
    limits: Type.Optional(
      Type.Array(
        Type.Object(
          {
            queues,
            tier: Type.Optional(Type.Enum([...tiers], { description: 'Only open letters of this tier are counted.' })),
            ...limitShapes(Type.Optional),
          },
          closed,
        ),
        { description: 'What is too much: the first entry that matches and says a limit counts.', maxItems: 1_000 },
      ),
    ),
    routes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            queues,
            tiers: Type.Optional(Type.Array(Type.Enum([...tiers]), { description: 'Of causes; all without it.' })),
            rules: Type.Optional(Type.Array(Type.Enum([...alertRuleNames]), { description: 'All without it.' })),
            owners: Type.Optional(names('Teams, as queues and causes name them.')),
            urgencies: Type.Optional(Type.Array(Type.Enum([...urgencies]), { description: 'All without it.' })),
            notify,
            quiet: Type.Optional(
              Type.Object(
                {
                  hours: Type.Optional(
                    Type.String({
                      description: '22:00-07:00, in the zone.',
                      pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$',
                    }),
                  ),
                  days: Type.Optional(
                    Type.Array(Type.Enum([...weekdays]), { description: 'Whole days.', maxItems: 6 }),
                  ),
                  zone: Type.Optional(Type.String({ description: 'As Europe/Zurich.', default: 'UTC', maxLength: 64 })),
                  pages: Type.Optional(Type.Boolean({ description: 'Pages wait as well.', default: false })),
                },
                { ...closed, description: 'What is no page waits until this is over.' },
              ),
            ),
            escalate: Type.Optional(
              Type.Array(Type.Object({ afterMinutes: Type.Integer({ minimum: 1, maximum: 10_080 }), notify }, closed), {
                description: 'While nobody takes it, others are told as well.',
                maxItems: 10,
              }),
            ),
            continue: Type.Optional(
              Type.Boolean({ description: 'Later routes that match count as well.', default: false }),
            ),
          },
          closed,
        ),
        { description: 'Who is told of what: the first route that matches counts.', maxItems: 200 },
      ),
    ),
  },
  closed,
)

/** The notifier that is there without being configured: the office's own log. */
export const logNotifier = 'log'

/** What the shapes cannot say. @param notifiers names of those that are configured */
export function alertIssues(
  { limits, routes }: AlertsConfig,
  notifiers: readonly string[],
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const known = new Set([...notifiers, logNotifier])
  const names = (notify: readonly string[], path: readonly string[]) =>
    notify.flatMap((name, at) =>
      known.has(name)
        ? []
        : [
            {
              path: [...path, 'notify', String(at)],
              message: `there is no notifier "${name.slice(0, 40)}"; known are ${[...known].join(', ')}`,
            },
          ],
    )
  return [
    ...limits.flatMap(({ tier, ageHours, growth }, at) =>
      tier !== undefined && (ageHours ?? growth) !== undefined
        ? [
            {
              path: ['alerts', 'limits', String(at), ageHours === undefined ? 'growth' : 'ageHours'],
              message: 'is a limit of whole queues; leave the tier out, or write it in an entry of its own',
            },
          ]
        : [],
    ),
    ...routes.flatMap(({ notify, escalate = [], quiet }, at) => {
      const path = ['alerts', 'routes', String(at)]
      return [
        ...names(notify, path),
        ...escalate.flatMap((step, index) => names(step.notify, [...path, 'escalate', String(index)])),
        ...(quiet?.zone === undefined || isZone(quiet.zone)
          ? []
          : [{ path: [...path, 'quiet', 'zone'], message: 'is no time zone; write it as Europe/Zurich' }]),
      ]
    }),
  ]
}

export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name })
    return true
  } catch {
    return false
  }
}
