import { databasesOf } from '../scratch-databases.ts'
import { runSequences, type SequencesResult } from './sequences.ts'

/** What one of several processes is told to do. */
export interface Share {
  readonly name: string
  readonly serverUrl: string
  readonly sequences: number
  readonly seed: number
  readonly path: string | null
}

process.once('message', (share: Share) => void obey(share))

async function obey({ name, serverUrl, path, ...share }: Share): Promise<void> {
  const databases = await databasesOf(serverUrl, name)
  let made = 0
  const result: SequencesResult = await runSequences({
    ...share,
    ...(path === null ? {} : { path }),
    async database() {
      made += 1
      const url = await databases.make(String(made))
      return { url, drop: () => databases.drop(url) }
    },
  })
  await databases.close()
  process.send?.(result, undefined, undefined, () => process.exit(0))
}
