import type { TestContext } from 'node:test'
import type { RedactionConfig } from '../src/config/index.ts'
import { type HttpOptions, type OfficeBed, officeBed } from './office-bed.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly json: Record<string, unknown> & { readonly code?: string; readonly detail?: string }
  readonly headers: Headers
}

type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; raw?: string; token?: string | null },
) => Promise<Answer>

/** An office with its API, and a caller who has a token. */
export async function api(
  t: TestContext,
  { redaction, ...options }: HttpOptions & { readonly redaction?: RedactionConfig } = {},
): Promise<{ bed: OfficeBed; call: Call; url: string; token: string }> {
  const bed = await officeBed(t, redaction === undefined ? {} : { redaction })
  const { server, token } = await bed.http(options)
  const call: Call = async (method, path, options = {}) => {
    const given = options.token === undefined ? token : options.token
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(given === null ? {} : { authorization: `Bearer ${given}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    })
    const type = response.headers.get('content-type') ?? ''
    const bytes = await response.text()
    return {
      status: response.status,
      type,
      json: type.includes('json') ? JSON.parse(bytes) : {},
      headers: response.headers,
    }
  }
  return { bed, call, url: server.url, token }
}
