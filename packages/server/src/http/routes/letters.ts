import { RedriveError } from '@redrive/worker'
import { Type } from 'typebox'
import { archivedBody, withArchivedBytes } from '../../archive/index.ts'
import { listLetters, showLetter } from '../../letters/index.ts'
import { maskLetter, maskSummary } from '../../masking/index.ts'
import { bodyOfVersion, queueOfLetter } from '../../repair/index.ts'
import { refuseGuess, revealQuery } from '../as-seen-by.ts'
import { type Route, route } from '../route.ts'
import { closed, count, idParams, orNull, pageQuery, text, tier, time } from '../schemas.ts'

const summary = Type.Object(
  {
    id: text(),
    queue: text(),
    cause: text(),
    tier,
    state: text(),
    heldBehind: orNull(text('the first unresolved letter of its key, of a letter that is held')),
    errorClass: orNull(text()),
    message: orNull(text()),
    consumer: orNull(text()),
    key: orNull(text()),
    attempts: orNull(count()),
    release: orNull(text()),
    bytes: count(),
    capturedAt: time(),
    lastFailedAt: orNull(time()),
  },
  closed,
)

const bytes = orNull(
  Type.Object({ base64: text(), text: orNull(text('UTF-8 view; null where the bytes are not UTF-8')) }, closed),
)

const detail = Type.Object(
  {
    id: text(),
    queue: text(),
    cause: Type.Object({ id: text(), title: text(), tier }, closed),
    state: text(),
    capturedAt: time(),
    captured: Type.Object({ from: text(), partition: text(), position: orNull(text()) }, closed),
    origin: Type.Object(
      {
        system: orNull(text()),
        place: orNull(text()),
        partition: orNull(text()),
        position: orNull(text()),
        consumer: orNull(text()),
        route: Type.Unknown(),
      },
      closed,
    ),
    failure: Type.Object(
      {
        errorClass: orNull(text()),
        message: orNull(text()),
        stack: orNull(text()),
        reason: orNull(text()),
        attempts: orNull(count()),
        firstFailedAt: orNull(time()),
        lastFailedAt: orNull(time()),
        service: orNull(text()),
        release: orNull(text()),
        host: orNull(text()),
        traceparent: orNull(text()),
      },
      closed,
    ),
    line: orNull(
      Type.Object(
        { place: count(), before: count(), behind: orNull(text()) },
        {
          ...closed,
          description:
            'Its place in the line of its key, where its worker keeps lines, and what is unresolved before it.',
        },
      ),
    ),
    confidence: Type.Record(Type.String(), Type.String()),
    readers: Type.Array(text()),
    message: Type.Object(
      {
        version: Type.Integer({
          minimum: 0,
          description: 'The one that counts and is shown here; 0: as it was captured',
        }),
        key: bytes,
        body: bytes,
        bodyBytes: orNull(Type.Integer({ minimum: 0, description: '`body` holds at most the first MiB of them' })),
        bodySha256: text(),
        headers: Type.Array(Type.Object({ name: text(), value: bytes, strippedOnReplay: Type.Boolean() }, closed)),
        properties: Type.Unknown(),
        timestamp: orNull(time()),
        bytes: count(),
      },
      closed,
    ),
    replays: Type.Array(
      Type.Object(
        {
          id: text(),
          run: text(),
          place: text(),
          state: text(),
          outcome: text(),
          intendedAt: time(),
          outcomeAt: orNull(time()),
          why: orNull(text()),
          returnedAs: orNull(text()),
        },
        closed,
      ),
    ),
    archive: orNull(
      Type.Object(
        { id: text(), problem: orNull(text('Why its bytes could not be read there now.')) },
        { ...closed, description: 'Where the bytes of an archived letter are.' },
      ),
    ),
    redacted: Type.Array(text(), {
      description:
        'What was replaced before it was stored, and where: email in body. Of the letter as it was captured.',
    }),
    masked: Type.Array(text(), { description: 'Why parts of it are not shown; empty: all is as it is.' }),
  },
  closed,
)

export const letterRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/letters',
    summary:
      'Letters that match a query, newest first; open ones only unless it names a state. A page may hold fewer than asked for: `next` says whether to go on',
    schemas: {
      query: Type.Object({ q: Type.Optional(Type.String({ maxLength: 2_000, default: '' })), ...pageQuery }, closed),
      answer: Type.Object({ letters: Type.Array(summary), next: orNull(text()) }, closed),
    },
    handle: async ({ office, query, masker }) => {
      refuseGuess(masker(), query.q ?? '')
      const { letters, next } = await listLetters(office.store, {
        query: query.q ?? '',
        limit: query.limit ?? 50,
        nowMs: office.clock.now(),
        ...(query.after === undefined ? {} : { after: query.after }),
      })
      const shownTo = masker()
      return { letters: letters.map((letter) => maskSummary(shownTo, letter)), next }
    },
  }),
  route({
    method: 'GET',
    path: '/letters/:id',
    summary: 'One letter with everything known of it',
    schemas: { params: idParams, query: Type.Object(revealQuery, closed), answer: detail },
    handle: async ({ office, params, masker }) =>
      maskLetter(
        masker(),
        await withArchivedBytes(office.store, office.retention.place, await showLetter(office.store, params.id)),
      ),
  }),
  route({
    method: 'GET',
    path: '/letters/:id/body',
    summary: "The letter's body, byte for byte: of the version that counts, or of another",
    schemas: {
      params: idParams,
      query: Type.Object(
        { version: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })), ...revealQuery },
        closed,
      ),
    },
    handle: async ({ office, params, query, masker, reply }) => {
      const archived = await archivedBody(office.store, office.retention.place, {
        letter: params.id,
        version: query.version,
      })
      const body = archived === undefined ? await bodyOfVersion(office.store, params.id, query.version) : archived
      const shownTo = masker()
      if (body !== null && shownTo !== null) {
        const queue = await queueOfLetter(office.store, params.id)
        if (shownTo.bytes(body, { queue, part: 'body' }) !== body) throw maskedBody(params.id)
      }
      // Never rendered: the bytes are whatever somebody sent.
      void reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', 'attachment; filename="body.bin"')
      return body ?? Buffer.alloc(0)
    },
  }),
]

/** Bytes that are not exactly those that are there would be taken for them. */
const maskedBody = (letter: string): RedriveError =>
  new RedriveError('MASKED', 'The body holds what is masked for you, and is given byte for byte or not at all.', {
    hint: `Operators: redrive letter show ${letter} --body --reveal --reason …   In part: redrive letter show ${letter}`,
  })
