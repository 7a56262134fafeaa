import { RedriveError } from '@redrive/worker'
import type { OfficeAddress } from './find-office.ts'

/** The office over HTTP, as anybody sees it. */
export interface Client {
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
  patch<T>(path: string, body: unknown): Promise<T>
  delete<T>(path: string): Promise<T>
  bytes(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<Uint8Array>
}

/** Errors of the office come back as the faults they were: same code, message and hint. */
export function officeClient(address: OfficeAddress): Client {
  const call = async (method: string, path: string, body?: unknown): Promise<Response> => {
    let response: Response
    try {
      response = await fetch(`${address.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${address.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    } catch (error) {
      throw new RedriveError('OFFICE_UNREACHABLE', `The office at ${address.url} does not answer.`, {
        cause: error,
        hint: 'Is it running? Start it with `redrive serve`.',
      })
    }
    if (!response.ok) throw await faultOf(response)
    return response
  }
  return {
    get: async (path, query = {}) => (await call('GET', path + queryString(query))).json() as Promise<never>,
    post: async (path, body) => (await call('POST', path, body)).json() as Promise<never>,
    patch: async (path, body) => (await call('PATCH', path, body)).json() as Promise<never>,
    delete: async (path) => (await call('DELETE', path)).json() as Promise<never>,
    bytes: async (path, query = {}) =>
      new Uint8Array(await (await call('GET', path + queryString(query))).arrayBuffer()),
  }
}

function queryString(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString()}`
}

async function faultOf(response: Response): Promise<RedriveError> {
  const problem = (await response.json().catch(() => ({}))) as {
    code?: string
    detail?: string
    hint?: string
    data?: Record<string, unknown>
  }
  return new RedriveError(
    (problem.code ?? 'INTERNAL') as never,
    problem.detail ?? `The office answered ${response.status}.`,
    {
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      ...(problem.data === undefined ? {} : { data: problem.data }),
    },
  )
}
