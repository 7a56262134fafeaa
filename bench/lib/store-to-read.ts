import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../../packages/server/src/store/embedded/index.ts'
import { openStore, type Store } from '../../packages/server/src/store/store.ts'

/**
 * Opens a store of which reading is all that is measured, so that filling it need not be durable.
 * @param url of a server of one's own; without it an embedded one runs for as long as the work lasts
 */
export async function withStoreToRead(url: string | undefined, work: (store: Store) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  const server =
    url === undefined ? await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false }) : undefined
  try {
    const store = await openStore({ url: url ?? server?.url ?? '', allowUnsafe: true })
    try {
      await work(store)
    } finally {
      await store.close()
    }
  } finally {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
