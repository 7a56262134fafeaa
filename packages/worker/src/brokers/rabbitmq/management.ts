import { RedriveError } from '../../errors.ts'
import { reasonOf } from './client.ts'

/** The HTTP API of the plugin `rabbitmq_management`: it tells what AMQP does not. */
export interface ManagementOptions {
  /** `http://user:password@host:15672`; the user needs the tag `monitoring`. */
  readonly url: string
  /** @default '/' */
  readonly vhost?: string
}

/** What limits a queue. Everything is as an administrator wrote it. */
export interface QueueLimits {
  readonly arguments?: Readonly<Record<string, unknown>>
  /** Policies and operator policies, merged. */
  readonly effective_policy_definition?: Readonly<Record<string, unknown>>
  readonly policy?: unknown
  readonly operator_policy?: unknown
}

const answerWithinMs = 10_000

/** @throws PLACE_MISSING, BROKER_UNREACHABLE */
export async function limitsOf({ url, vhost = '/' }: ManagementOptions, place: string): Promise<QueueLimits> {
  const { origin, pathname, username, password } = new URL(url)
  const path = `${pathname.replace(/\/$/, '')}/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(place)}`
  const user = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  try {
    const response = await fetch(
      `${origin}${path}?columns=arguments,effective_policy_definition,policy,operator_policy`,
      {
        headers: { authorization: `Basic ${user}`, accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(answerWithinMs),
      },
    )
    if (response.status === 404) throw new RedriveError('PLACE_MISSING', `there is no queue ${place}`)
    if (!response.ok)
      throw new RedriveError('BROKER_UNREACHABLE', `the management of RabbitMQ answered with ${response.status}`, {
        ...(response.status === 401 ? { hint: 'its user needs the tag monitoring, and the right password' } : {}),
      })
    return (await response.json()) as QueueLimits
  } catch (error) {
    if (error instanceof RedriveError) throw error
    throw new RedriveError('BROKER_UNREACHABLE', `the management of RabbitMQ does not answer: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}
