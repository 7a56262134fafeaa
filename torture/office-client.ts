import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The office's API as anybody sees it; found by the file that the office leaves in its data folder. */
export interface OfficeClient {
  get<T>(route: string): Promise<T>
  post<T>(route: string, body: unknown): Promise<T>
}

/** @param dataDir of the office to talk to at this moment */
export function officeClient(dataDir: () => string): OfficeClient {
  const call = async <T>(method: 'GET' | 'POST', route: string, body?: unknown): Promise<T> => {
    const file = path.join(dataDir(), 'office.json')
    if (!existsSync(file)) throw new Error('the office is not up')
    const { url, token } = JSON.parse(readFileSync(file, 'utf8')) as { url: string; token: string }
    const response = await fetch(`${url}/api/v1${route}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T
    if (!response.ok) throw new Refused(response.status, `${route}: ${JSON.stringify(answer)}`)
    return answer
  }
  return { get: (route) => call('GET', route), post: (route, body) => call('POST', route, body) }
}

/** The office said no; any other error leaves open whether it did what it was asked. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
