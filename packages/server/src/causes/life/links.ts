import { RedriveError } from '@redrive/worker'
import type { Store } from '../../store/store.ts'
import { type CauseRequest, changeCause } from './change.ts'
import { maxName, maybeSaid, said } from './said.ts'

export type LinkKind = 'tracker' | 'runbook' | 'other'

const maxComment = 10_000
const maxLinks = 20
const maxUrl = 2_000

/** Said once, never changed. */
export async function commentOnCause(store: Store, request: CauseRequest & { readonly text: string }): Promise<void> {
  return changeCause(store, request, {
    action: 'comment',
    said: said('comment', request.text, maxComment),
    work: async () => ({}),
  })
}

/** A page of it elsewhere. One that is linked already stays as it is. @throws REQUEST_INVALID, STATE_CONFLICT (twenty are there) */
export async function linkCause(
  store: Store,
  request: CauseRequest & { readonly kind: LinkKind; readonly url: string; readonly title?: string | null },
): Promise<void> {
  const { kind, by } = request
  const url = webAddress(request.url)
  const title = maybeSaid('title', request.title, maxName)
  return changeCause(store, request, {
    action: 'link',
    said: null,
    async work(client, { id, revision, state }) {
      const { rows } = await client.query<{ url: string }>('select url from cause_link where cause_id = $1', [id])
      if (rows.some((link) => link.url === url)) return null
      if (rows.length >= maxLinks)
        throw new RedriveError('STATE_CONFLICT', `The cause has ${maxLinks} links already.`, {
          hint: 'Take one off: redrive cause unlink',
          data: { state, revision },
        })
      const made = await client.query<{ id: number }>(
        'insert into cause_link (cause_id, kind, title, url, added_by) values ($1, $2, $3, $4, $5) returning id',
        [id, kind, title, url, by.toWellFormed()],
      )
      return { link: made.rows[0]?.id, kind, url, title }
    },
  })
}

/** @throws NOT_FOUND */
export async function unlinkCause(store: Store, request: CauseRequest & { readonly link: number }): Promise<void> {
  return changeCause(store, request, {
    action: 'unlink',
    said: null,
    async work(client, { id }) {
      const { rows } = await client.query<{ kind: string; url: string; title: string | null }>(
        'delete from cause_link where cause_id = $1 and id = $2 returning kind, url, title',
        [id, request.link],
      )
      if (rows[0] === undefined)
        throw new RedriveError('NOT_FOUND', `The cause has no link ${request.link}.`, {
          hint: `Its links are in: redrive cause show ${request.cause}`,
        })
      return { link: request.link, ...rows[0] }
    },
  })
}

/**
 * As browsers write it: names in ASCII, so that no letter looks like another one, and nothing that could steer a terminal.
 * @throws REQUEST_INVALID for anything but http and https, and for one that carries a password
 */
function webAddress(text: string): string {
  const url = text.length <= maxUrl && URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.href.length > maxUrl)
    throw new RedriveError('REQUEST_INVALID', 'A link is an address with http or https.', {
      hint: `Give the whole address, at most ${maxUrl} characters: https://tracker.example/OPS-17`,
    })
  if (url.username !== '' || url.password !== '')
    throw new RedriveError('REQUEST_INVALID', 'A link must not carry a user or a password.', {
      hint: 'Everybody who sees the cause would see it. Take it off.',
    })
  return url.href
}
