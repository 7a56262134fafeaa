import { statfs } from 'node:fs/promises'
import type { Clock } from '@redrive/worker'

/** Says when there is too little space to take letters in. PostgreSQL on a full disk stops altogether, reads included. */
export interface DiskWatch {
  /** Bytes free, or `null` while there is enough. Looks at most once a second. */
  shortage(): Promise<number | null>
  /** Bytes free now, and below how many nothing is taken in. */
  space(): Promise<{ readonly freeBytes: number; readonly minFreeBytes: number }>
}

export interface DiskWatchOptions {
  /** Data folder of the database. */
  readonly folder: string
  /** @default 512 MiB */
  readonly minFreeBytes?: number
  readonly clock: Clock
  /** @default statfs of the folder */
  readonly freeBytes?: (folder: string) => Promise<number>
}

const lookEveryMs = 1_000

/** Resumes at one and a half times the mark, so that intake does not flutter. */
export function watchDisk(options: DiskWatchOptions): DiskWatch {
  const minFreeBytes = options.minFreeBytes ?? 512 * 1024 * 1024
  const look = options.freeBytes ?? freeBytesOf
  let short: number | null = null
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return {
    async shortage() {
      const nowMs = options.clock.monotonic()
      if (nowMs - lookedAtMs < lookEveryMs) return short
      lookedAtMs = nowMs
      const free = await look(options.folder)
      short = free < (short === null ? minFreeBytes : minFreeBytes * 1.5) ? free : null
      return short
    },
    space: async () => ({ freeBytes: await look(options.folder), minFreeBytes }),
  }
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
