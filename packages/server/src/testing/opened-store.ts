import type { TestContext } from 'node:test'
import { openStore, type Store } from '../store/store.ts'
import { officeDatabase } from './database.ts'

/** A store on a fresh database; both go away with the test. */
export async function openedStore(context: TestContext): Promise<Store & { readonly url: string }> {
  const database = await officeDatabase()
  const store = await openStore({ url: database.url, allowUnsafe: true })
  context.after(async () => {
    await store.close()
    await database.drop()
  })
  return { ...store, url: database.url }
}

/** Asks until the answer is true. Fails after `deadlineMs`. @default 60,000 */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 60_000): Promise<void> {
  for (const endsAt = performance.now() + deadlineMs; !(await condition()); ) {
    if (performance.now() > endsAt) throw new Error(`not within ${deadlineMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
