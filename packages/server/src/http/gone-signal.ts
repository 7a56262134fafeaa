import type { FastifyReply } from 'fastify'

/** Aborted when the caller goes away before its answer is complete: what only they wanted need not go on. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}
