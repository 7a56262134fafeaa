import { foreignLetter, ourLetter } from '../../packages/server/src/testing/letters.ts'
import { carriedOut, died, type Known, type Operation, started } from './operation.ts'
import { captureAll, deadLetters, lane, receiptOf, receipts, type Scene } from './scene.ts'

/** Two letters of our worker and two foreign ones that nothing tells apart. */
async function deadOnes(scene: Scene): Promise<Known> {
  await died(scene, 2)
  for (const _ of [1, 2]) scene.broker.seed(deadLetters, foreignLetter('{"order":9}'))
  return {}
}

async function replayed(scene: Scene): Promise<Known> {
  const known = await started(scene, 4)
  await carriedOut(scene)
  return known
}

const replayIds = ({ broker }: Scene): readonly string[] => broker.held(lane).map(({ uniqueId }) => uniqueId ?? '')

const capture = { prepare: deadOnes, act: (scene: Scene) => captureAll(scene, deadLetters), ends: { open: [4] } }

export const ofCapture: readonly Operation[] = [
  { name: 'capture', ...capture },
  { name: 'capture-from-a-log', setting: { kind: 'positions' }, ...capture },
  { name: 'capture-without-ids', setting: { kind: 'nothing' }, ...capture },
  {
    name: 'receipts',
    // One that was refused, one without an answer: receipts prove them sent, or settle the doubt.
    setting: { looksBack: false, fates: { 3: 'doubted' } },
    async prepare(scene) {
      const known = await replayed(scene)
      for (const [at, id] of replayIds(scene).entries())
        scene.broker.seed(receipts, { key: null, body: receiptOf(id, at === 0 ? 'failed' : 'handled'), headers: [] })
      return known
    },
    act: (scene) => captureAll(scene, receipts),
    ends: { replayed: [4] },
  },
  {
    name: 'returns',
    setting: { looksBack: false, fates: { 1: 'doubted' } },
    async prepare(scene) {
      const known = await replayed(scene)
      for (const [at, replayId] of replayIds(scene).slice(0, 2).entries())
        scene.broker.seed(deadLetters, ourLetter(at + 1, { hops: 2, replayId }))
      return known
    },
    act: (scene) => captureAll(scene, deadLetters),
    ends: { replayed: [4], open: [2] },
  },
]
