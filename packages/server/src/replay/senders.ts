import { randomBytes } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'

/**
 * Locks that live as long as whoever may still send. A lease only says when somebody else may go on: a process that was frozen wakes up and
 * finishes the send it was in. Its database session is open all that time, and with it the lock; the session of a process that died is
 * closed by its kernel at once. What has a free lock sends nothing any more.
 */
export interface Senders {
  /** @returns the lock's key, as decimal text */
  hold(): Promise<string>
  release(key: string): Promise<void>
  close(): Promise<void>
}

/** Keeps one connection of the pool; when that is lost, its locks are taken again on another. */
export function sendersOf(store: Store): Senders {
  const held = new Set<string>()
  let session: Promise<Session> | undefined
  let isClosed = false

  const connect = async (): Promise<Session> => {
    const client = await store.pool.connect()
    let isOver = false
    const end = (): void => {
      if (!isOver) client.release(true)
      isOver = true
    }
    const made: Session = { client, end }
    client.once('error', () => lose(made))
    try {
      for (const key of held) await client.query('select pg_advisory_lock($1)', [key])
      return made
    } catch (error) {
      end()
      throw error
    }
  }
  const open = (): Promise<Session> => {
    session ??= connect().catch((error: unknown) => {
      session = undefined
      throw error
    })
    return session
  }
  const lose = ({ end }: Session): void => {
    session = undefined
    end()
    void again()
  }
  const again = async (): Promise<void> => {
    while (!isClosed && held.size > 0 && session === undefined) {
      await open().catch(() => undefined)
      if (session === undefined) await new Promise((resolve) => setTimeout(resolve, reconnectMs))
    }
  }

  return {
    async hold() {
      const key = (randomBytes(8).readBigUInt64BE() >> 2n).toString()
      const { client } = await open()
      await client.query('select pg_advisory_lock($1)', [key])
      held.add(key)
      return key
    },
    async release(key) {
      held.delete(key)
      const opened = await session?.catch(() => undefined)
      await opened?.client.query('select pg_advisory_unlock($1)', [key]).catch(() => undefined)
    },
    async close() {
      isClosed = true
      held.clear()
      const opened = await session?.catch(() => undefined)
      session = undefined
      // The session's end frees what it may still hold.
      opened?.end()
    },
  }
}

interface Session {
  readonly client: PoolClient
  end(): void
}

const reconnectMs = 500
