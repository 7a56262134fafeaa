import type { Broker } from '@redrive/worker'
import { pgBossBroker } from '@redrive/worker/pg-boss'
import { PgBoss } from 'pg-boss'

/** A pg-boss of our own with its broker. @throws what starting it throws; then nothing of it is left */
export async function openPgBoss(
  options: ConstructorParameters<typeof PgBoss>[0] & object,
  onError: (error: Error) => void,
): Promise<{ readonly broker: Broker; close(): Promise<void> }> {
  const boss = new PgBoss(options)
  boss.on('error', onError)
  const stop = (): Promise<void> => boss.stop({ graceful: false, close: true })
  try {
    await boss.start()
  } catch (error) {
    // The timers it has begun would keep a process alive that serves nobody.
    await stop().catch(() => undefined)
    throw error
  }
  const broker = pgBossBroker({ boss, ...(options.schema === undefined ? {} : { schema: options.schema }) })
  return {
    broker,
    async close() {
      await broker.close()
      await stop()
    },
  }
}
