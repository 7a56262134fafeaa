import { Type } from 'typebox'
import {
  acknowledgeAlert,
  alertRuleNames,
  alertStates,
  listAlerts,
  noticeChanges,
  replayAlerts,
  replayedRules,
  showAlert,
  testNotifiers,
  testResult,
} from '../../alerts/index.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, idParams, maxQueueName, orNull, pageQuery, said, text, tier, time } from '../schemas.ts'

const rule = Type.Enum([...alertRuleNames])
const fact = Type.Object({ name: text(), value: text() }, closed)

const alertView = {
  id: text(),
  rule,
  state: Type.Enum([...alertStates]),
  urgency: Type.Enum(['page', 'ticket', 'review'], { description: 'review: nobody is told.' }),
  title: text(),
  queue: orNull(text()),
  cause: orNull(text()),
  tier: orNull(tier),
  owner: orNull(text()),
  facts: Type.Array(fact),
  next: orNull(text('What to type.')),
  runbook: orNull(text()),
  raisedAt: time(),
  acknowledgedAt: orNull(time()),
  acknowledgedBy: orNull(text()),
  resolvedAt: orNull(time()),
  resolvedWhy: orNull(text()),
  storm: orNull(text('The alert that speaks for it.')),
  saidAt: orNull(time()),
  told: Type.Array(text(), { description: 'Names of notifiers.' }),
}

const shown = Type.Object(
  {
    ...alertView,
    notifications: Type.Array(
      Type.Object(
        {
          notifier: text(),
          change: Type.Enum([...noticeChanges]),
          state: Type.Enum(['waiting', 'delivered', 'refused', 'dropped']),
          at: time(),
          endedAt: orNull(time()),
          tries: count(),
          problem: orNull(text()),
        },
        closed,
      ),
      { description: 'What was said to whom, oldest first, the last two hundred.' },
    ),
  },
  closed,
)

const pastTime = Type.String({
  description: 'RFC 3339',
  maxLength: 40,
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?([Zz]|[+-]\\d\\d:\\d\\d)$',
})

const replayed = Type.Object(
  {
    from: time(),
    to: time(),
    wentOn: Type.Integer({ minimum: 0, description: 'Alerts that went on when it began; they count as taken.' }),
    messages: Type.Array(
      Type.Object(
        {
          at: time(),
          toldAt: time(),
          notifier: text(),
          change: Type.Enum([...noticeChanges]),
          rule,
          urgency: Type.Enum(['page', 'ticket']),
          queue: orNull(text()),
          cause: orNull(text()),
          title: text(),
        },
        closed,
      ),
      { description: 'In the order in which they would have been told; `toldAt` is later than `at` in a quiet time.' },
    ),
    totals: Type.Array(Type.Object({ rule, raised: count(), messages: count() }, closed)),
    rules: Type.Array(rule, { description: 'Those that can be replayed.' }),
    later: Type.Array(Type.Object({ rule, from: time() }, closed), {
      description: 'Of those, what could be looked at only from a later time on.',
    }),
  },
  closed,
)

export const alertRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/alerts',
    summary: 'Alerts, newest first; those that are not over, unless a state is named',
    schemas: {
      query: Type.Object(
        {
          state: Type.Optional(Type.Enum([...alertStates, 'all'])),
          queue: Type.Optional(Type.String({ maxLength: maxQueueName })),
          rule: Type.Optional(rule),
          ...pageQuery,
        },
        closed,
      ),
      answer: Type.Object({ alerts: Type.Array(Type.Object(alertView, closed)), next: orNull(text()) }, closed),
    },
    handle: ({ office, query }) => listAlerts(office.store, { ...query, limit: query.limit ?? 50 }),
  }),
  route({
    method: 'GET',
    path: '/alerts/replay',
    summary: 'What the rules would have said of a past time, with the limits and routes of today; sends nothing',
    schemas: {
      query: Type.Object(
        {
          from: pastTime,
          to: Type.Optional(pastTime),
          rule: Type.Optional(Type.Enum([...replayedRules])),
          queue: Type.Optional(Type.String({ maxLength: maxQueueName })),
        },
        { ...closed, description: 'At most 31 days; `to` is now without it.' },
      ),
      answer: replayed,
    },
    handle: ({ office, query }) => {
      const nowMs = office.clock.now()
      const { from, to, ...only } = query
      const toMs = to === undefined ? nowMs : Date.parse(to)
      return replayAlerts(office.store, {
        ...only,
        fromMs: Date.parse(from),
        toMs,
        nowMs,
        config: office.alerts.config,
      })
    },
  }),
  route({
    method: 'GET',
    path: '/alerts/:id',
    summary: 'An alert, with what was said of it to whom',
    schemas: { params: idParams, answer: shown },
    handle: ({ office, params }) => showAlert(office.store, params.id),
  }),
  route({
    method: 'POST',
    path: '/alerts/:id/acknowledge',
    summary: 'Somebody takes it, with its cause, and with all that a storm has spoken for; again does nothing',
    schemas: {
      params: idParams,
      body: Type.Object({ by, note: Type.Optional(said(2_000, 'Kept in the history.')) }, closed),
      answer: shown,
    },
    handle: async ({ office, params, body, caller }) => {
      const { config, officeUrl, wakeDelivery } = office.alerts
      const request = { alert: params.id, by: `${body.by} (token ${caller})`, note: body.note ?? null }
      await acknowledgeAlert(office.store, request, { config, officeUrl })
      wakeDelivery()
      return showAlert(office.store, params.id)
    },
  }),
  route({
    method: 'POST',
    path: '/alerts/test',
    summary: 'Say a test to a notifier, or to all that would be told of an alert of a rule',
    schemas: {
      body: Type.Object(
        {
          by,
          notifier: Type.Optional(Type.String({ maxLength: 32 })),
          rule: Type.Optional(rule),
          queue: Type.Optional(Type.String({ maxLength: maxQueueName })),
          tier: Type.Optional(tier),
          owner: Type.Optional(Type.String({ maxLength: 200 })),
        },
        { ...closed, description: 'A notifier; or a rule, perhaps with a queue, a tier and an owner.' },
      ),
      answer: Type.Object({ tests: Type.Array(Type.Object({ notifier: text(), key: text() }, closed)) }, closed),
    },
    handle: async ({ office, body, caller }) => {
      const { config, notifiers, wakeDelivery } = office.alerts
      const { notifier, rule: named = 'first-failure', queue = null, owner = null } = body
      const of = notifier === undefined ? { rule: named, queue, tier: body.tier ?? null, owner } : { notifier }
      const tests = await testNotifiers(office.store, of, { config, notifiers, by: `${body.by} (token ${caller})` })
      wakeDelivery()
      return { tests }
    },
  }),
  route({
    method: 'GET',
    path: '/alerts/test/:id',
    summary: 'What became of a test',
    schemas: {
      params: Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }) }, closed),
      answer: Type.Object({ state: text('waiting, delivered, refused or dropped'), problem: orNull(text()) }, closed),
    },
    handle: ({ office, params }) => testResult(office.store, params.id),
  }),
]
