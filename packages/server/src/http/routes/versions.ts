import { type Static, type TSchema, Type } from 'typebox'
import { maskContent } from '../../masking/index.ts'
import { diffVersions, editLetter, listVersions, revertLetter } from '../../repair/index.ts'
import { revealQuery } from '../as-seen-by.ts'
import { type Route, route } from '../route.ts'
import { by, closed, count, idParams, orNull, said, text, time } from '../schemas.ts'

const versionNumber = (description?: string) =>
  Type.Integer({ minimum: 0, maximum: 2_147_483_647, ...(description === undefined ? {} : { description }) })

const given = [
  Type.Object({ text: Type.String() }, closed),
  Type.Object({ base64: Type.String({ description: 'RFC 4648, with padding' }) }, closed),
  Type.Null(),
] as const

const headerEdit = Type.Object(
  {
    op: Type.Union([Type.Literal('set'), Type.Literal('add'), Type.Literal('remove')], {
      description:
        'set: in place of the first of this name, the only one then. add: behind the others. remove: all of the name.',
    }),
    name: Type.String({ minLength: 1, maxLength: 1_000 }),
    value: Type.Optional(
      Type.Union([
        ...given,
        Type.Object(
          { json: Type.String({ description: 'A value of the carrier that is neither text nor bytes.' }) },
          closed,
        ),
      ]),
    ),
  },
  closed,
)

/** What an edit and a transform have in common. */
export const patchAndHeaders = {
  patch: Type.Optional(
    Type.String({
      description:
        'A JSON Patch (RFC 6902) as text, so that its numbers arrive as they are written; also `set` and `transform`.',
      maxLength: 1_048_576,
    }),
  ),
  headers: Type.Optional(Type.Array(headerEdit, { maxItems: 100 })),
}

export const reason = said(2_000, 'Why; kept with the version and in the audit trail.')
export const ignoreSchema = Type.Optional(
  Type.Boolean({ description: "Also a body that does not fit its queue's schema; it is recorded.", default: false }),
)
const expectVersion = Type.Optional(versionNumber('The version the caller has seen; another one refuses.'))

export const partDiffs: TSchema = Type.Array(
  Type.Object(
    {
      part: Type.Union([Type.Literal('key'), Type.Literal('headers'), Type.Literal('body')]),
      as: Type.Union([Type.Literal('json'), Type.Literal('text'), Type.Literal('hex')]),
      lines: Type.Array(
        Type.Object({ sign: text('" " in both, "-" before, "+" after, "@" lines left out'), text: text() }, closed),
      ),
    },
    closed,
  ),
)

const versionView = Type.Object(
  {
    version: versionNumber(),
    isCurrent: Type.Boolean({ description: 'The one that counts: a replay sends it.' }),
    parent: orNull(count()),
    author: orNull(text()),
    reason: orNull(text()),
    createdAt: time(),
    edit: Type.Unknown({ description: 'What was done, without the bytes.' }),
    transform: orNull(text()),
    bodySha256: text(),
    contentSha256: text('Over key, body and headers.'),
    bytes: count(),
  },
  closed,
)
const versionList = Type.Object({ letter: text(), versions: Type.Array(versionView) }, closed)

const edit = Type.Object(
  {
    ...patchAndHeaders,
    body: Type.Optional(Type.Union([...given], { description: 'Takes the place of the whole body.' })),
    key: Type.Optional(Type.Union([...given])),
    ignoreSchema,
    expectVersion,
    by,
    reason,
  },
  closed,
)

export const versionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/letters/:id/versions',
    summary: 'Versions of a letter, newest first; 0 is the letter as it was captured',
    schemas: { params: idParams, answer: versionList },
    handle: async ({ office, params }) => ({
      letter: params.id,
      versions: await listVersions(office.store, params.id),
    }),
  }),
  route({
    method: 'POST',
    path: '/letters/:id/versions',
    summary: 'Edit a letter that is open or held: a new version, which counts from then on',
    status: 201,
    schemas: { params: idParams, body: edit, answer: versionList },
    handle: async ({ office, params, body, caller }) => {
      await editLetter(office.store, {
        letter: params.id,
        change: changeOf(body),
        ignoreSchema: body.ignoreSchema ?? false,
        by: `${body.by} (token ${caller})`,
        reason: body.reason,
        ...(body.expectVersion === undefined ? {} : { expectVersion: body.expectVersion }),
      })
      return { letter: params.id, versions: await listVersions(office.store, params.id) }
    },
  }),
  route({
    method: 'POST',
    path: '/letters/:id/revert',
    summary: 'Let an earlier version count again; nothing is lost',
    schemas: {
      params: idParams,
      body: Type.Object({ to: versionNumber('0: as it was captured.'), expectVersion, by, reason }, closed),
      answer: versionList,
    },
    handle: async ({ office, params, body, caller }) => {
      await revertLetter(office.store, {
        letter: params.id,
        to: body.to,
        by: `${body.by} (token ${caller})`,
        reason: body.reason,
        ...(body.expectVersion === undefined ? {} : { expectVersion: body.expectVersion }),
      })
      return { letter: params.id, versions: await listVersions(office.store, params.id) }
    },
  }),
  route({
    method: 'GET',
    path: '/letters/:id/diff',
    summary: 'What differs between two versions: by default the original and the one that counts',
    schemas: {
      params: idParams,
      query: Type.Object(
        { from: Type.Optional(versionNumber()), to: Type.Optional(versionNumber()), ...revealQuery },
        closed,
      ),
      answer: Type.Object({ letter: text(), from: count(), to: count(), parts: partDiffs }, closed),
    },
    handle: ({ office, params, query, masker }) => {
      const shownTo = masker({ isNumbered: true })
      return diffVersions(office.store, params.id, {
        ...query,
        shown: (content, queue) => (shownTo === null ? content : maskContent(shownTo, content, queue)),
      })
    },
  }),
]

function changeOf({ patch, body, key, headers }: Static<typeof edit>): Parameters<typeof editLetter>[1]['change'] {
  return {
    ...(patch === undefined ? {} : { patch }),
    ...(body === undefined ? {} : { body }),
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
  } as Parameters<typeof editLetter>[1]['change']
}
