import type { FastifyReply } from 'fastify'

/**
 * Aborted when the caller goes away before its answer is complete: what only they wanted need not go on. A caller who only waits is not
 * taken for gone, however long that is.
 */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.socket?.setTimeout(0)
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}
