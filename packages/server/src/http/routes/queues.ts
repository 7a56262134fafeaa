import { RedriveError, tiers } from '@redrive/worker'
import { Type } from 'typebox'
import { limitsOf, readLimits } from '../../alerts/index.ts'
import { showRoom } from '../../caps/index.ts'
import { documentShapes, flatDocument, queueFields } from '../../config/index.ts'
import { documentQueue, listQueues, showQueue } from '../../queues/index.ts'
import { policiesOfQueue } from '../../retention/index.ts'
import { type OfficeServices, type Route, route } from '../route.ts'
import { by, closed, count, counts, maxQueueName, orNull, said, text, tier, time } from '../schemas.ts'
import { policySchema, roomSchema } from './retention.ts'

const trafficOfSpan = orNull(
  Type.Object(
    {
      handled: count(),
      retried: count(),
      discarded: count(),
      skipped: count(),
      died: count(),
      deathShare: orNull(Type.Number({ minimum: 0, maximum: 1, description: 'Of what was handled or died.' })),
    },
    { ...closed, description: 'As workers report it; null: none reported, so that nothing is known.' },
  ),
)

const queueView = Type.Object(
  {
    name: text(),
    broker: text(),
    system: text(),
    place: text(),
    owner: orNull(text()),
    runbook: orNull(text()),
    letters: counts,
    causes: count(),
    oldestOpenAt: orNull(time()),
    newestAt: orNull(time()),
    traffic: trafficOfSpan,
  },
  closed,
)

const policy = Type.Union([Type.Literal('hold'), Type.Literal('resend-marked')])

const saidView = orNull(
  Type.Object(
    {
      value: text(),
      origin: Type.Union([Type.Literal('file'), Type.Literal('api')]),
      by: text('The file and its line, or who set it.'),
      at: time(),
    },
    closed,
  ),
)

const queueDetail = Type.Object(
  {
    name: text(),
    seen: orNull(
      Type.Object(
        {
          broker: text(),
          system: text(),
          place: text(),
          uncertain: policy,
          oldestOpenAt: orNull(time()),
          newestAt: orNull(time()),
          sources: Type.Array(Type.Object({ broker: text(), place: text() }, closed)),
          latestCauses: Type.Array(Type.Object({ id: text(), tier, title: text(), lastSeen: time() }, closed)),
        },
        { ...closed, description: 'null: documented, but no letter of it came yet, and no report of a worker.' },
      ),
    ),
    letters: counts,
    causes: count(),
    traffic: Type.Object(
      {
        lastReportAt: orNull(time()),
        hour: trafficOfSpan,
        day: trafficOfSpan,
        consumers: Type.Array(Type.Object({ consumer: text(), lastReportAt: time() }, closed)),
      },
      { ...closed, description: 'What workers report of its messages.' },
    ),
    document: Type.Object(Object.fromEntries(queueFields.map((field) => [field, saidView])), closed),
    tiers: Type.Array(
      Type.Object({ tier, open: count(), owner: saidView, urgency: saidView, process: saidView }, closed),
    ),
    retention: Type.Array(Type.Object({ tier: orNull(tier), ...policySchema }, closed), {
      description: 'How long its letters are kept: one for all tiers (null), or one a tier.',
    }),
    room: orNull(roomSchema),
    limits: Type.Array(
      Type.Object(
        {
          tier: orNull(tier),
          open: orNull(count()),
          ageHours: orNull(Type.Number()),
          deathPercent: orNull(Type.Number()),
          deathLeast: count(),
          growth: Type.Boolean(),
          silent: Type.Enum(['on', 'off', 'ticket']),
        },
        closed,
      ),
      {
        description: 'From when on somebody is told: of the whole queue (null), and of tiers with limits of their own.',
      },
    ),
    missing: Type.Array(text('A field by its path, as tiers.permanent.process.')),
    next: orNull(text('What to type to add it.')),
  },
  closed,
)

const queueName = Type.String({ minLength: 1, maxLength: maxQueueName, pattern: '^[^\\u0000]*$' })
const params = Type.Object({ name: queueName }, closed)
/** For the names `.` and `..`, which no client leaves in an address, and for proxies that do not pass `%2F` on. */
const query = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        ...queueName,
        description: 'Wins over the name in the address, which then is `-`: /queues/-?name=..',
      }),
    ),
  },
  closed,
)

/** @throws REQUEST_INVALID: letters are to be archived, and nobody said where */
function refuseWithoutPlace({ retention }: OfficeServices, fields: Readonly<Record<string, string | null>>): void {
  const archives = Object.entries(fields).some(
    ([field, value]) => /(^|\.)(afterwards|whenReached)$/.test(field) && value === 'archive',
  )
  if (!archives || retention.place !== null) return
  throw new RedriveError('REQUEST_INVALID', 'Letters cannot be archived: no place for archives is named.', {
    hint: 'Name one under archive in redrive.yaml and restart the office.',
  })
}

/** With what counts for it, whoever said so. */
async function whole(
  { store, retention, alerts }: OfficeServices,
  queue: string,
  options: { readonly mayBeUnknown?: boolean } = {},
): Promise<unknown> {
  const detail = await showQueue(store, queue, options)
  const policies = await policiesOfQueue(store.pool, { queue, office: retention.policy })
  const view = policies.map(({ tier: of, keepDays, afterwards, open }) => ({ tier: of, keepDays, afterwards, open }))
  const [room = null] = await showRoom(store.pool, { most: retention.most, queue })
  const limits = await readLimits(store.pool, alerts.config.limits)
  const ofTiers = tiers
    .map((of) => ({ tier: of, ...limitsOf(queue, of, limits) }))
    .filter(({ open, deathPercent }) => open !== null || deathPercent !== null)
  return { ...detail, retention: view, room, limits: [{ tier: null, ...limitsOf(queue, null, limits) }, ...ofTiers] }
}

export const queueRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/queues',
    summary: 'Queues with their letters by state',
    schemas: { answer: Type.Object({ queues: Type.Array(queueView) }, closed) },
    handle: async ({ office }) => ({ queues: await listQueues(office.store) }),
  }),
  route({
    method: 'GET',
    path: '/queues/:name',
    summary:
      'A queue: what people should know of it and who says so, its letters, tiers and causes, and what is missing',
    schemas: { params, query, answer: queueDetail },
    handle: ({ office, params: { name }, query: asked }) => whole(office, asked.name ?? name),
  }),
  route({
    method: 'PATCH',
    path: '/queues/:name',
    summary:
      'Say what people should know of a queue; also before its first letter. What a configuration file says is refused',
    schemas: {
      params,
      query,
      body: Type.Object(
        {
          document: Type.Object(
            {
              ...documentShapes((schema) => Type.Optional(orNull(schema)), { byApi: true }),
              bodySchema: Type.Optional(
                orNull(
                  Type.String({
                    description: 'A JSON Schema as text, that edited bodies have to fit.',
                    minLength: 1,
                    maxLength: 1024 * 1024,
                  }),
                ),
              ),
            },
            { ...closed, description: 'Fields to set; null takes back what was set by API.' },
          ),
          by,
          reason: Type.Optional(said(2_000, 'Why; kept in the audit trail.')),
        },
        closed,
      ),
      answer: queueDetail,
    },
    handle: async ({ office, params: { name }, query: asked, body, caller }) => {
      const queue = asked.name ?? name
      const fields = flatDocument(body.document)
      refuseWithoutPlace(office, fields)
      await documentQueue(office.store, {
        queue,
        fields,
        by: `${body.by} (token ${caller})`,
        reason: body.reason ?? null,
      })
      return whole(office, queue, { mayBeUnknown: true })
    },
  }),
]
