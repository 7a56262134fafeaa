import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'

/** Does `work` with the connection `client`; a signal cancels whatever statement it is at, and each that is still to come. */
export async function cancelledBy<T>(
  store: Store,
  client: PoolClient,
  { signal, work }: { readonly signal: AbortSignal | undefined; readonly work: () => Promise<T> },
): Promise<T> {
  if (signal === undefined) return work()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const pid = rows[0]?.pid
  let isOver = false
  const cancel = async (): Promise<void> => {
    while (!isOver) {
      await store.pool.query('select pg_cancel_backend($1)', [pid]).catch(() => undefined)
      // It may have been between two statements.
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  let cancelling: Promise<void> | undefined
  const onAbort = (): void => {
    cancelling = cancel()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) throw cancelled()
    const result = await work()
    if (signal.aborted) throw cancelled()
    return result
  } catch (error) {
    throw signal.aborted ? cancelled() : error
  } finally {
    isOver = true
    signal.removeEventListener('abort', onAbort)
    // Nothing that comes on this connection afterwards is cancelled by a late one.
    await cancelling
  }
}

function cancelled(): RedriveError {
  return new RedriveError('STATE_CONFLICT', 'It was cancelled: whoever asked went away. Nothing was kept.')
}
