import { Type } from 'typebox'
import { createToken, listTokens, revokeToken, roles } from '../../access/index.ts'
import { listAudit } from '../../audit/index.ts'
import { type Route, route } from '../route.ts'
import { closed, orNull, text, time } from '../schemas.ts'

const name = Type.String({ pattern: '^[A-Za-z0-9_.@-]{1,64}$' })
const role = Type.Enum([...roles], { description: 'viewer: looks, changes nothing, and sees masked values as masked.' })

export const accessRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/tokens',
    summary: 'Names of the tokens; never the tokens',
    schemas: {
      answer: Type.Object(
        {
          tokens: Type.Array(Type.Object({ name: text(), role, createdAt: time(), revokedAt: orNull(time()) }, closed)),
        },
        closed,
      ),
    },
    handle: async ({ office }) => ({
      tokens: (await listTokens(office.store)).map((token) => ({
        name: token.name,
        role: token.role,
        createdAt: token.createdAt.toISOString(),
        revokedAt: token.revokedAt?.toISOString() ?? null,
      })),
    }),
  }),
  route({
    method: 'POST',
    path: '/tokens',
    summary: 'Make a token; the answer is the only time it is shown',
    status: 201,
    givesSecret: true,
    schemas: {
      body: Type.Object({ name, role: Type.Optional({ ...role, default: 'operator' }) }, closed),
      answer: Type.Object({ name: text(), role, token: text() }, closed),
    },
    handle: async ({ office, body, caller }) => ({
      name: body.name,
      role: body.role ?? 'operator',
      token: await createToken(office.store, body.name, { by: `token ${caller}`, role: body.role ?? 'operator' }),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/tokens/:name',
    summary: 'Revoke a token',
    schemas: { params: Type.Object({ name }, closed), answer: Type.Object({ revoked: text() }, closed) },
    handle: async ({ office, params, caller }) => {
      await revokeToken(office.store, params.name, `token ${caller}`)
      return { revoked: params.name }
    },
  }),
  route({
    method: 'GET',
    path: '/audit',
    summary: 'What people did, newest first',
    schemas: {
      query: Type.Object(
        {
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
          after: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
        },
        closed,
      ),
      answer: Type.Object(
        {
          entries: Type.Array(
            Type.Object(
              {
                id: text(),
                at: time(),
                actor: text(),
                action: text(),
                target: text(),
                reason: orNull(text()),
                details: Type.Unknown(),
              },
              closed,
            ),
          ),
          next: orNull(text()),
        },
        closed,
      ),
    },
    handle: async ({ office, query }) => {
      const limit = query.limit ?? 50
      const entries = await listAudit(office.store, {
        limit: limit + 1,
        ...(query.after === undefined ? {} : { before: query.after }),
      })
      const page = entries.slice(0, limit)
      return {
        entries: page.map((entry) => ({ ...entry, at: entry.at.toISOString() })),
        next: entries.length > limit ? (page.at(-1)?.id ?? null) : null,
      }
    },
  }),
]
