import type { Clock } from '@redrive/worker'
import type { Pool } from 'pg'
import type { CapPolicy } from '../config/index.ts'
import { type CapsByQueue, readCaps } from './read-caps.ts'

/** What capture asks before it takes more. */
export interface CapKeeper {
  /** Caps as they are said now; read again when they are older than two seconds. */
  current(): Promise<CapsByQueue>
}

const oldMs = 2_000

export function createCapKeeper(
  pool: Pool,
  { most, clock }: { readonly most: CapPolicy; readonly clock: Clock },
): CapKeeper {
  let last: { readonly caps: CapsByQueue; readonly atMs: number } | undefined
  return {
    async current() {
      const nowMs = clock.monotonic()
      if (last === undefined || nowMs - last.atMs >= oldMs) last = { caps: await readCaps(pool, most), atMs: nowMs }
      return last.caps
    },
  }
}
