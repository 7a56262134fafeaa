import { startTestServer } from '../../packages/server/src/testing/database.ts'
import { type Hunted, hunt } from './hunt.ts'
import type { Saboteur } from './saboteur.ts'

/** Hunts those that tests catch two at a time, on one database server, and beside them, one by one, those that kills catch. */
export async function huntAll(
  saboteurs: readonly Saboteur[],
  options: { readonly root: string; readonly seed: number; readonly onHunted: (hunted: Hunted) => void },
): Promise<readonly Hunted[]> {
  const server = await startTestServer()
  process.env['REDRIVE_TEST_DATABASE_URL'] = server.url
  const hunted: Hunted[] = []
  const take = async (left: Saboteur[]): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const result = await hunt(next, options).catch((error: unknown) => ({
        saboteur: next as Saboteur,
        found: null,
        trouble: String(error),
      }))
      hunted.push(result)
      options.onHunted(result)
    }
  }
  try {
    const byKills = saboteurs.filter(({ caughtBy }) => 'torture' in caughtBy)
    const byTests = saboteurs.filter(({ caughtBy }) => 'file' in caughtBy)
    await Promise.all([take([...byKills]), take(byTests), take(byTests)])
  } finally {
    await server.stop()
  }
  return hunted
}
