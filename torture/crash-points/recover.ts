import { startReplayer } from '../../packages/server/src/replay/index.ts'
import { within } from '../until.ts'
import type { Known, Operation } from './operation.ts'
import { captureAll, deadLetters, receipts, type Scene } from './scene.ts'

/** What follows a death: its lease and its look at what is in doubt are over, whoever did it does it again, and an office captures, takes up runs and looks for what is in doubt. */
export async function recover(scene: Scene, operation: Operation, known: Known): Promise<void> {
  const { store, brokers } = scene
  await store.pool.query('update run set lease_until = now() where lease_until > now()')
  await store.pool.query('update intent set look_at = now() where look_at > now()')
  await operation.repeat?.(scene, known)
  await captureAll(scene, deadLetters)
  await captureAll(scene, receipts)
  const troubles: string[] = []
  const replayer = startReplayer({
    store,
    brokers,
    within: scene.within,
    pollMs: 5,
    quietSeconds: 0,
    onEvent: (event) => {
      if (event.kind === 'trouble') troubles.push(event.message)
    },
  })
  const isOver = async (): Promise<boolean> => {
    const { rows } = await store.pool.query<{ over: boolean }>(
      `select not exists (select from run where state = 'running')
         and not exists (select from intent where noted_at is null or (uncertain > 0 and look_at is not null)) as over`,
    )
    return rows[0]?.over === true
  }
  try {
    await within(isOver, () => `the replayer does not come to an end: ${troubles.join('; ')}`)
  } finally {
    await replayer.stop()
  }
}
