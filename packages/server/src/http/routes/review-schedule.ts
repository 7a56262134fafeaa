import { type TSchema, Type } from 'typebox'
import { type ReviewConfig, reviewNotifiers, reviewShapes } from '../../config/index.ts'
import { changeSchedule, type ScheduleView, showSchedule } from '../../review/index.ts'
import { type OfficeServices, type Route, route } from '../route.ts'
import { by, closed, orNull, said, text, time } from '../schemas.ts'

const saidOf = (value: TSchema): TSchema =>
  Type.Object(
    {
      value,
      origin: Type.Enum(['file', 'api', 'default']),
      by: orNull(text('The file and its line, or who set it.')),
      at: orNull(time()),
    },
    closed,
  )

const ofWeek = { week: text(), at: time() }

const answer = Type.Object(
  {
    zone: saidOf(text('Weeks begin on Monday at midnight there.')),
    at: saidOf(text('Day and time in the zone.')),
    notify: saidOf(Type.Array(text('Name of a notifier.'))),
    unknown: Type.Array(text('Names that no notifier has that could take a review: theirs go to the log.')),
    next: orNull(Type.Object(ofWeek, { ...closed, description: 'null: nobody is told.' })),
    last: orNull(Type.Object(ofWeek, { ...closed, description: 'The newest that was sent.' })),
  } satisfies Record<keyof ScheduleView, TSchema>,
  closed,
)

const show = ({ store, reviewedBy, clock }: OfficeServices): Promise<ScheduleView> =>
  showSchedule(store, { able: reviewNotifiers(reviewedBy), nowMs: clock.now() })

export const reviewScheduleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/review-schedule',
    summary: 'When the review of a week is sent and to whom, whose weeks it is of, and who says so',
    schemas: { answer },
    handle: ({ office }) => show(office),
  }),
  route({
    method: 'PATCH',
    path: '/review-schedule',
    summary: 'Say when the review of a week is sent, and to whom. What a configuration file says is refused',
    schemas: {
      body: Type.Object(
        {
          schedule: Type.Object(
            reviewShapes((schema) => Type.Optional(orNull(schema))),
            { ...closed, description: 'Fields to set; null takes back what was set by API.' },
          ),
          by,
          reason: Type.Optional(said(2_000, 'Why; kept in the audit trail.')),
        },
        closed,
      ),
      answer,
    },
    handle: async ({ office, body, caller }) => {
      await changeSchedule(office.store, {
        fields: body.schedule as { readonly [Field in keyof ReviewConfig]?: ReviewConfig[Field] | null },
        by: `${body.by} (token ${caller})`,
        reason: body.reason ?? null,
        notifiers: office.reviewedBy,
      })
      return show(office)
    },
  }),
]
