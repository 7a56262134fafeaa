import { discardLetters, planDiscard, runDiscard, undoDiscard } from '../../packages/server/src/letters/index.ts'
import {
  applyTransform,
  createTransform,
  editLetter,
  previewTransform,
  revertLetter,
} from '../../packages/server/src/repair/index.ts'
import { showLetterId } from '../../packages/server/src/store/ids.ts'
import { by, captured, type Known, type Operation, unlessDone } from './operation.ts'
import type { Scene } from './scene.ts'

const shown = (known: Known, letter: string): string => showLetterId(known[letter] ?? '')
const change = { patch: '[{"op":"add","path":"/fixed","value":true}]' }

function discard({ store }: Scene, known: Known): Promise<unknown> {
  const letters = ['letter1', 'letter2', 'letter3'].map((letter) => shown(known, letter))
  return discardLetters(store, { selection: { letters }, ...by, nowMs: Date.now() })
}

const undo = ({ store }: Scene, known: Known): Promise<unknown> =>
  undoDiscard(store, { discard: known['discard'] ?? '', ...by })

const runPlanned = ({ store }: Scene, known: Known): Promise<unknown> =>
  runDiscard(store, { discard: known['discard'] ?? '', by: by.by })

const edit = ({ store }: Scene, known: Known): Promise<unknown> =>
  editLetter(store, { letter: shown(known, 'letter1'), ...by, change, expectVersion: 0 })

const revert = ({ store }: Scene, known: Known): Promise<unknown> =>
  revertLetter(store, { letter: shown(known, 'letter1'), ...by, to: 0 })

const transform = ({ store }: Scene, known: Known): Promise<unknown> =>
  applyTransform(store, { transform: known['transform'] ?? '', by: by.by })

export const ofLetters: readonly Operation[] = [
  {
    name: 'discard',
    prepare: (scene) => captured(scene, 4),
    act: async (scene, known) => void (await discard(scene, known)),
    repeat: async (scene, known) => void (await discard(scene, known)),
    ends: { discarded: [3], open: [1] },
  },
  {
    name: 'planned-discard',
    async prepare(scene) {
      const known = await captured(scene, 4)
      const letters = ['letter1', 'letter2'].map((letter) => shown(known, letter))
      const { id } = await planDiscard(scene.store, { selection: { letters }, ...by, nowMs: Date.now() })
      return { ...known, discard: id }
    },
    act: async (scene, known) => void (await runPlanned(scene, known)),
    repeat: (scene, known) => unlessDone(runPlanned(scene, known)),
    ends: { discarded: [2], open: [2] },
  },
  {
    name: 'undo',
    async prepare(scene) {
      const known = await captured(scene, 4)
      await discard(scene, known)
      const { rows } = await scene.store.pool.query<{ id: string }>('select id from discard')
      return { ...known, discard: rows[0]?.id ?? '' }
    },
    act: async (scene, known) => void (await undo(scene, known)),
    repeat: (scene, known) => unlessDone(undo(scene, known)),
    ends: { open: [4] },
  },
  {
    name: 'edit',
    prepare: (scene) => captured(scene, 2),
    act: async (scene, known) => void (await edit(scene, known)),
    repeat: (scene, known) => unlessDone(edit(scene, known)),
    ends: { open: [2] },
  },
  {
    name: 'revert',
    async prepare(scene) {
      const known = await captured(scene, 2)
      await edit(scene, known)
      return known
    },
    act: async (scene, known) => void (await revert(scene, known)),
    repeat: (scene, known) => unlessDone(revert(scene, known)),
    ends: { open: [2] },
  },
  {
    name: 'transform',
    async prepare(scene) {
      const known = await captured(scene, 3)
      const selection = { query: 'queue:orders' }
      const id = await createTransform(scene.store, {
        selection,
        change,
        ignoreSchema: false,
        ...by,
        nowMs: Date.now(),
      })
      await previewTransform(scene.store, id)
      return { ...known, transform: id }
    },
    act: async (scene, known) => void (await transform(scene, known)),
    repeat: async (scene, known) => void (await transform(scene, known)),
    ends: { open: [3] },
  },
]
