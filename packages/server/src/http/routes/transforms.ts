import { RedriveError } from '@redrive/worker'
import { Type } from 'typebox'
import { maskContent } from '../../masking/index.ts'
import {
  applyTransform,
  createTransform,
  type GivenChange,
  listTransformLetters,
  listTransforms,
  previewTransform,
  revertTransform,
  showTransform,
  type TransformPart,
} from '../../repair/index.ts'
import { parseTransformId } from '../../store/ids.ts'
import { type Call, type Route, route, type Schemas } from '../route.ts'
import { by, closed, count, idParams, orNull, pageQuery, said, selection, text, time } from '../schemas.ts'
import { ignoreSchema, partDiffs, patchAndHeaders, reason } from './versions.ts'

const sample = Type.Optional(
  Type.Integer({ description: 'So many letters are shown as diffs.', minimum: 0, maximum: 20, default: 3 }),
)
const defaultSample = 3

/** Letters of many queues: what the rules of any of them hide is hidden. */
function sampleFor(masker: Call<Schemas>['masker'], size = defaultSample): Parameters<typeof showTransform>[2] {
  const shownTo = masker({ isNumbered: true })
  return {
    sample: size,
    ...(shownTo === null ? {} : { shown: (content) => maskContent(shownTo, content, null) }),
  }
}

const view = Type.Object(
  {
    id: text(),
    createdAt: time(),
    createdBy: text(),
    reason: text(),
    selection: Type.Unknown(),
    change: Type.Unknown(),
    ignoreSchema: Type.Boolean(),
    letters: count(),
    missing: count(),
    preview: Type.Object({ untried: count(), applicable: count(), unchanged: count(), refused: count() }, closed),
    done: Type.Object({ left: count(), applied: count(), refused: count(), reverted: count() }, closed),
    reasons: Type.Array(Type.Object({ why: text(), letters: count() }, closed)),
    sample: Type.Array(Type.Object({ letter: text(), parts: partDiffs }, closed)),
  },
  closed,
)

const result = Type.Union(['applied', 'refused', 'reverted'].map((each) => Type.Literal(each)))
const letterView = Type.Object(
  {
    letter: text(),
    verdict: orNull(Type.Union(['applicable', 'unchanged', 'refused'].map((each) => Type.Literal(each)))),
    result: orNull(result),
    version: orNull(count()),
    why: orNull(text()),
  },
  closed,
)

const parts = ['all', 'applicable', 'unchanged', 'refused', 'applied', 'reverted'] as const

export const transformRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/transforms',
    summary:
      'Fix a change and the letters it is for, and try it on them; changes no letter. Untried ones are left to /preview',
    status: 201,
    schemas: {
      body: Type.Object(
        {
          selection: Type.Optional(selection),
          plan: Type.Optional(
            Type.String({ description: 'The letters of this plan, in place of a selection.', maxLength: 64 }),
          ),
          ...patchAndHeaders,
          ignoreSchema,
          sample,
          by,
          reason,
        },
        closed,
      ),
      answer: view,
    },
    handle: async ({ office, body, caller, masker }) => {
      if (body.plan !== undefined && body.selection !== undefined)
        throw new RedriveError('REQUEST_INVALID', 'Say which letters by a selection or by a plan, not by both.', {
          hint: 'Leave one of them out.',
        })
      const id = await createTransform(office.store, {
        selection: body.plan === undefined ? (body.selection ?? {}) : { plan: body.plan },
        change: {
          ...(body.patch === undefined ? {} : { patch: body.patch }),
          ...(body.headers === undefined ? {} : { headers: body.headers }),
        } as GivenChange,
        ignoreSchema: body.ignoreSchema ?? false,
        by: `${body.by} (token ${caller})`,
        reason: body.reason,
        nowMs: office.clock.now(),
      })
      await previewTransform(office.store, id)
      return showTransform(office.store, id, sampleFor(masker, body.sample))
    },
  }),
  route({
    method: 'GET',
    path: '/transforms',
    summary: 'Transforms, newest first',
    schemas: {
      query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })) }, closed),
      answer: Type.Object({ transforms: Type.Array(view) }, closed),
    },
    handle: async ({ office, query }) => ({ transforms: await listTransforms(office.store, query.limit ?? 20) }),
  }),
  route({
    method: 'GET',
    path: '/transforms/:id',
    summary: 'A transform: to how many letters it can be applied, why not to the others, and a sample',
    schemas: { params: idParams, query: Type.Object({ sample }, closed), answer: view },
    handle: ({ office, params, query, masker }) =>
      showTransform(office.store, parseTransformId(params.id), sampleFor(masker, query.sample)),
  }),
  route({
    method: 'GET',
    path: '/transforms/:id/letters',
    summary: 'Letter by letter what the preview found and what was done',
    schemas: {
      params: idParams,
      query: Type.Object(
        { part: Type.Optional(Type.Union(parts.map((each) => Type.Literal(each)))), ...pageQuery },
        closed,
      ),
      answer: Type.Object({ letters: Type.Array(letterView), next: orNull(text()) }, closed),
    },
    handle: ({ office, params, query }) =>
      listTransformLetters(office.store, parseTransformId(params.id), {
        part: (query.part ?? 'all') as TransformPart,
        limit: query.limit ?? 50,
        ...(query.after === undefined ? {} : { after: query.after }),
      }),
  }),
  route({
    method: 'POST',
    path: '/transforms/:id/preview',
    summary: 'Go on trying it on letters, for some seconds; call again while `preview.untried` is not 0',
    schemas: { params: idParams, body: Type.Object({ sample }, closed), answer: view },
    handle: async ({ office, params, body, masker }) => {
      const id = parseTransformId(params.id)
      await previewTransform(office.store, id)
      return showTransform(office.store, id, sampleFor(masker, body.sample))
    },
  }),
  route({
    method: 'POST',
    path: '/transforms/:id/apply',
    summary: 'Write the versions, for some seconds; call again while `done.left` is not 0',
    schemas: {
      params: idParams,
      body: Type.Object(
        {
          by,
          expect: Type.Optional(
            Type.Integer({
              description: 'Letters it can be applied to, as the caller believes; another number refuses.',
              minimum: 0,
            }),
          ),
        },
        closed,
      ),
      answer: view,
    },
    handle: async ({ office, params, body, caller }) => {
      const id = parseTransformId(params.id)
      await applyTransform(office.store, {
        transform: id,
        by: `${body.by} (token ${caller})`,
        ...(body.expect === undefined ? {} : { expect: body.expect }),
      })
      return showTransform(office.store, id, { sample: 0 })
    },
  }),
  route({
    method: 'POST',
    path: '/transforms/:id/revert',
    summary:
      'Let the version before it count again where the letter is unsent and was not edited since; call again with `next` while it is not null',
    schemas: {
      params: idParams,
      body: Type.Object(
        {
          by,
          reason: said(2_000, 'Why; kept in the audit trail.'),
          from: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
          expect: Type.Optional(
            Type.Integer({
              description: 'Letters edited by it, as the caller believes; another number refuses.',
              minimum: 0,
            }),
          ),
        },
        closed,
      ),
      answer: Type.Object({ reverted: count(), kept: count(), next: orNull(count()) }, closed),
    },
    handle: ({ office, params, body, caller }) =>
      revertTransform(office.store, {
        transform: parseTransformId(params.id),
        by: `${body.by} (token ${caller})`,
        reason: body.reason,
        ...(body.from === undefined ? {} : { from: body.from }),
        ...(body.expect === undefined ? {} : { expect: body.expect }),
      }),
  }),
]
