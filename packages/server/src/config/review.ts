import { type TSchema, Type } from 'typebox'
import { isZone, logNotifier, weekdays } from './alerts.ts'
import type { NotifierConfig } from './notifiers.ts'

export interface ReviewConfig {
  /** Weeks begin on Monday at midnight there. Of the IANA database. @default 'UTC' */
  readonly zone: string
  /** Day and time in the zone at which that of the week before is sent. @default 'mon 08:00' */
  readonly at: string
  /** Names of notifiers that it is sent to. @default none */
  readonly notify: readonly string[]
}

/** What the file says of it; what it does not say may be set by API. */
export interface ReviewDocument {
  readonly says: Partial<ReviewConfig>
  /** The file and its line, by field. */
  readonly places: Readonly<Record<string, string>>
}

export const defaultReview: ReviewConfig = { zone: 'UTC', at: 'mon 08:00', notify: [] }
export const reviewFields = Object.keys(defaultReview) as readonly (keyof ReviewConfig)[]

/** @param wrap makes one of them what it is there: optional, or also `null` */
export function reviewShapes(wrap: (schema: TSchema) => TSchema): Record<keyof ReviewConfig, TSchema> {
  return {
    zone: wrap(
      Type.String({
        description: 'Weeks begin on Monday at midnight there, as Europe/Zurich.',
        default: defaultReview.zone,
        maxLength: 64,
      }),
    ),
    at: wrap(
      Type.String({
        description: 'Day and time at which the review of the week before is sent, in the zone.',
        default: defaultReview.at,
        pattern: `^(${weekdays.join('|')}) ([01][0-9]|2[0-3]):[0-5][0-9]$`,
      }),
    ),
    notify: wrap(
      Type.Array(Type.String({ minLength: 1, maxLength: 249 }), {
        description: 'Names of notifiers that it is sent to; log is always there.',
        maxItems: 200,
      }),
    ),
  }
}

export const reviewSchema: TSchema = Type.Object(
  reviewShapes((schema) => Type.Optional(schema)),
  { additionalProperties: false, description: 'The review of each week.' },
)

/** They ring, or wait for an end: a review is nothing for them. */
const alone: readonly NotifierConfig['type'][] = ['pagerduty', 'alertmanager']

/** What the shapes cannot say. @param notifiers those that are configured, by name */
export function reviewIssues(
  { zone, notify }: Pick<ReviewConfig, 'zone' | 'notify'>,
  notifiers: Readonly<Record<string, Pick<NotifierConfig, 'type'>>>,
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const known = reviewNotifiers(notifiers)
  return [
    ...(isZone(zone) ? [] : [{ path: ['review', 'zone'], message: 'is no time zone; write it as Europe/Zurich' }]),
    ...notify.flatMap((name, at) =>
      known.includes(name)
        ? []
        : [
            {
              path: ['review', 'notify', String(at)],
              message: isAlone(notifiers[name])
                ? `"${name.slice(0, 40)}" is for alerts alone; choose of ${known.join(', ')}`
                : `there is no notifier "${name.slice(0, 40)}"; known are ${known.join(', ')}`,
            },
          ],
    ),
  ]
}

/** Names of those that can take a review. */
export function reviewNotifiers(notifiers: Readonly<Record<string, Pick<NotifierConfig, 'type'>>>): readonly string[] {
  return [...Object.keys(notifiers), logNotifier].filter((name) => !isAlone(notifiers[name]))
}

function isAlone(notifier: Pick<NotifierConfig, 'type'> | undefined): boolean {
  return notifier !== undefined && alone.includes(notifier.type)
}
