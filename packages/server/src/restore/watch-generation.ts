import type { Store } from '../store/store.ts'
import { raiseGeneration, rememberedGeneration, rememberGeneration } from './generation.ts'

const everyMs = 5_000

/**
 * Keeps the file up to date while the office works, and at its end. What was done in the last five seconds before a crash may not be
 * remembered; a backup would have to be just as young for that to matter.
 */
export function watchGeneration(
  store: Store,
  options: { readonly file: string; readonly tell: (line: string) => void },
): { stop(): Promise<void> } {
  const { file, tell } = options
  let hasTold = false
  const note = async (): Promise<void> => {
    try {
      const generation = await raiseGeneration(store)
      if (generation > rememberedGeneration(file)) rememberGeneration(file, generation)
    } catch (error) {
      if (!hasTold && error instanceof Error && 'syscall' in error)
        tell(`${file} cannot be written, so a restored database would not be noticed: ${error.message}`)
      hasTold = true
    }
  }
  let noting = note()
  const timer = setInterval(() => {
    noting = noting.then(note)
  }, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await noting
      await note()
    },
  }
}
