import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type { Store } from '../store/store.ts'

/** What a file outside of the database remembers of it: how far its generation had counted. 0 without a file. */
export function rememberedGeneration(file: string): bigint {
  try {
    const { generation } = JSON.parse(readFileSync(file, 'utf8')) as { generation?: unknown }
    return typeof generation === 'string' && /^\d{1,18}$/.test(generation) ? BigInt(generation) : 0n
  } catch {
    return 0n
  }
}

export function rememberGeneration(file: string, generation: bigint): void {
  const beside = `${file}.new`
  const descriptor = openSync(beside, 'w', 0o600)
  try {
    writeSync(descriptor, `${JSON.stringify({ generation: String(generation) })}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(beside, file)
}

export async function currentGeneration(store: Store): Promise<bigint> {
  const { rows } = await store.pool.query<{ number: string }>('select number from generation')
  return BigInt(rows[0]?.number ?? 0)
}

/** Counts on if anything was done since it last did: somebody acted, or a run goes on. */
export async function raiseGeneration(store: Store): Promise<bigint> {
  const { rows } = await store.pool.query<{ number: string }>(
    `update generation set number = number + 1, raised_at = clock_timestamp()
     where (select at from audit order by id desc limit 1) >= raised_at or exists (select from run where intended_at >= raised_at)
     returning number`,
  )
  return rows[0] === undefined ? currentGeneration(store) : BigInt(rows[0].number)
}
