import { RedriveError } from '../../errors.ts'
import { type ConnectionLike, reasonOf, replyCode } from './client.ts'

/** One connection that is opened when it is needed, and again after it was lost. */
export interface Link {
  /** @throws BROKER_UNREACHABLE, BROKER_CLOSED, CLIENT_UNSUPPORTED */
  open(): Promise<ConnectionLike>
  /**
   * Does something that may be done twice, on an open connection: one that was lost while it was idle shows it only when used.
   * @throws what `open` and `operation` throw
   */
  use<T>(operation: (connection: ConnectionLike) => Promise<T>): Promise<T>
  /** The broker has stopped reading from us (out of memory or disk). */
  readonly isBlocked: boolean
  /** Gives up a connection that no longer answers. */
  forget(connection: ConnectionLike): void
  close(): Promise<void>
}

export interface LinkOptions {
  readonly connect: () => Promise<ConnectionLike>
  readonly connectTimeoutMs: number
  readonly onOpen: (connection: ConnectionLike) => void
}

export function linkOf({ connect, connectTimeoutMs, onOpen }: LinkOptions): Link {
  let current: ConnectionLike | undefined
  let opening: Promise<ConnectionLike> | undefined
  let isBlocked = false
  let isClosed = false

  const forget = (connection: ConnectionLike): void => {
    if (current === connection) current = undefined
    ignore(connection.close())
  }
  const opened = async (): Promise<ConnectionLike> => {
    const connection = await within(connect, connectTimeoutMs)
    if (typeof connection?.createConfirmChannel !== 'function' || typeof connection.on !== 'function') {
      throw new RedriveError('CLIENT_UNSUPPORTED', 'connect() did not give a connection of amqplib', {
        hint: "connect: () => amqp.connect(url), with amqp from import amqp from 'amqplib'",
      })
    }
    connection.on('error', () => undefined)
    connection.on('close', () => {
      if (current === connection) current = undefined
    })
    connection.on('blocked', () => {
      if (current === connection) isBlocked = true
    })
    connection.on('unblocked', () => {
      if (current === connection) isBlocked = false
    })
    if (isClosed) {
      ignore(connection.close())
      throw closedError()
    }
    current = connection
    isBlocked = false
    onOpen(connection)
    return connection
  }
  const open = async (): Promise<ConnectionLike> => {
    if (isClosed) throw closedError()
    if (current !== undefined) return current
    opening ??= opened().finally(() => {
      opening = undefined
    })
    return opening
  }
  return {
    open,
    async use(operation) {
      const idle = current
      const connection = await open()
      try {
        return await operation(connection)
      } catch (error) {
        if (connection !== idle || current === connection || replyCode(error) !== undefined) throw error
        return operation(await open())
      }
    },
    get isBlocked() {
      return isBlocked
    },
    forget,
    async close() {
      isClosed = true
      const connection = current
      current = undefined
      if (connection !== undefined)
        await orAfter(
          connection.close().catch(() => undefined),
          2_000,
        )
    },
  }
}

export function closedError(): RedriveError {
  return new RedriveError('BROKER_CLOSED', 'the RabbitMQ broker was closed')
}

/** Waits before the n-th attempt in a row, from 0: 100 ms doubling to 5 s, with jitter so that workers do not come in step. */
export function backoffMs(attempt: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(attempt, 10)) * (0.75 + Math.random() / 2)
}

/** What the promise gives, or `undefined` when it takes longer: a dead peer never answers. */
export async function orAfter<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise: tooLate, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, ms, undefined)
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** For what is done out of courtesy on a connection that may be gone. */
export function ignore(promise: Promise<unknown>): void {
  promise.catch(() => undefined)
}

async function within(connect: () => Promise<ConnectionLike>, timeoutMs: number): Promise<ConnectionLike> {
  const connecting = (async () => connect())()
  let connection: ConnectionLike | undefined
  try {
    connection = await orAfter(connecting, timeoutMs)
  } catch (error) {
    throw new RedriveError('BROKER_UNREACHABLE', `RabbitMQ cannot be reached: ${reasonOf(error)}`, { cause: error })
  }
  if (connection !== undefined) return connection
  ignore(connecting.then((late) => late.close()))
  throw new RedriveError('BROKER_UNREACHABLE', `RabbitMQ did not answer within ${timeoutMs} ms`)
}
