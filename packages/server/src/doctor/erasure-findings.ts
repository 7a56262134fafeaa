import { showErasureId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'

/** Who asked to be forgotten is promised a day. */
const promisedHours = 24

/** Erasures that were begun more than a day ago and are not done. */
export async function erasureFindings(store: Store): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{ id: string; left: number; problem: string | null }>(
    `select id, letters - erased as left, problem from erasure where state = 'running' and begun_at < now() - make_interval(hours => $1)
     order by begun_at, id`,
    [promisedHours],
  )
  return rows.map(({ id, left, problem }) => ({
    code: 'erasure-stuck',
    severity: 'problem',
    queue: null,
    place: showErasureId(id),
    what: `the erasure ${showErasureId(id)} was begun more than a day ago and is not done`,
    why:
      problem ??
      (left > 0
        ? `${counted(left, 'letter')} of it cannot be erased yet: something is sent of them, in doubt, or waits in a line`
        : 'its bytes are still in files'),
    next: `redrive erase show ${showErasureId(id)}`,
  }))
}
