import { isRedriveError, RedriveError } from '@redrive/worker'
import type { FastifyInstance } from 'fastify'
import { type AlertView, acknowledgeAlert, countSpokenFor, isLinkOf, showAlert } from '../alerts/index.ts'
import { escapeHtml } from '../escape-html.ts'
import { maskAnswer, maskerOf } from '../masking/index.ts'
import type { OfficeServices } from './route.ts'

export const acknowledgePath = '/acknowledge/'
const mostOfName = 100

/**
 * The page behind the link of a notice. Looking at it does nothing, for programs that show previews follow links; its button takes the alert. Whoever
 * has the link needs no token, and can do nothing else.
 */
export async function acknowledgePage(app: FastifyInstance, office: OfficeServices): Promise<void> {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4_096 },
    async (_: unknown, body: string) => new URLSearchParams(body),
  )
  const path = `${acknowledgePath}:alert/:code`
  app.get<{ Params: Link }>(path, async ({ params }, reply) => {
    void reply.type('text/html; charset=utf-8')
    return page(await linked(office, params))
  })
  app.post<{ Params: Link; Body: URLSearchParams }>(path, async ({ params, body }, reply) => {
    void reply.type('text/html; charset=utf-8')
    const alert = await linked(office, params)
    const said = (field: string) => (body instanceof URLSearchParams ? (body.get(field) ?? '') : '')
    const name = said('name')
      .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
      .toWellFormed()
      .trim()
      .slice(0, mostOfName)
    if (name === '') return page(alert, 'Say who you are, so that others know who sees to it.')
    const { config, officeUrl, wakeDelivery } = office.alerts
    const heardAtMs = Date.parse(said('said'))
    const taken = {
      alert: params.alert,
      by: `${name} (by link)`,
      ...(Number.isNaN(heardAtMs) ? {} : { heardAtMs }),
    }
    try {
      await acknowledgeAlert(office.store, taken, { config, officeUrl })
    } catch (error) {
      if (!isRedriveError(error, 'STATE_CONFLICT')) throw error
    }
    wakeDelivery()
    const now = await linked(office, params)
    return page(now, now.state === 'raised' ? 'What you saw is taken. Meanwhile it was said of more.' : '')
  })
}

interface Link {
  readonly alert: string
  readonly code: string
}

type Shown = Awaited<ReturnType<typeof showAlert>> & {
  /** Of a storm. */
  readonly spokenFor: (Awaited<ReturnType<typeof countSpokenFor>> & Pick<AlertView, 'saidAt'>) | null
}

/** Says of a wrong link no more than of one to nowhere. @throws NOT_FOUND */
async function linked({ store, masking }: OfficeServices, link: Link): Promise<Shown> {
  const isRight = await isLinkOf(store.pool, link).catch((error: unknown) => {
    if (isRedriveError(error, 'NOT_FOUND')) return false
    throw error
  })
  if (!isRight)
    throw new RedriveError('NOT_FOUND', 'There is nothing at this address.', { hint: 'Take the link as it was sent.' })
  const masker = maskerOf(masking, 'nobody')
  const alert = await showAlert(store, link.alert)
  const { id, rule, saidAt } = alert
  const spokenFor = rule === 'storm' ? { ...(await countSpokenFor(store, { storm: id, saidAt })), saidAt } : null
  return { ...(masker === null ? alert : maskAnswer(masker, alert)), spokenFor }
}

function page(alert: Shown, complaint = ''): string {
  const { title, state, acknowledgedBy, resolvedWhy, facts, next, spokenFor } = alert
  const { taken = 0, later = 0, saidAt = null } = spokenFor ?? {}
  const takes = spokenFor === null ? '' : `<p>Who takes it takes ${alerts(taken)} with it, and their causes.</p>`
  const stays =
    later === 0 ? '' : `<p>${alerts(later)} joined since it was said last: not taken with it, but said later.</p>`
  // A page that stays open takes what it shows, and not what the storm spoke for later.
  const seen = saidAt === null ? '' : `<input type="hidden" name="said" value="${escapeHtml(saidAt)}">`
  const states = {
    raised: `<p>Nobody sees to it yet.</p>${takes}${stays}<form method="post">${seen}<label>Your name <input name="name" required maxlength="100" autocomplete="name"></label> <button>Acknowledge</button></form>`,
    acknowledged: `<p>${escapeHtml(acknowledgedBy ?? 'Somebody')} sees to it.</p>${stays}`,
    resolved: `<p>It is over: ${escapeHtml(resolvedWhy ?? '')}</p>`,
  }
  const list = facts.map(({ name, value }) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Redrive alert</title></head>
<body><h1>${escapeHtml(title)}</h1>${complaint === '' ? '' : `<p role="alert">${escapeHtml(complaint)}</p>`}${states[state]}<dl>${list}</dl>${next === null ? '' : `<p>Next: <code>${escapeHtml(next)}</code></p>`}</body></html>\n`
}

function alerts(many: number): string {
  return many === 1 ? '1 alert' : `${many} alerts`
}
