import { systemClock } from '@redrive/worker'
import { restoreLetters } from '../../packages/server/src/archive/index.ts'
import { defaultRetention, noCap } from '../../packages/server/src/config/index.ts'
import { beginErasure, erasureOnce, planErasure } from '../../packages/server/src/erasure/index.ts'
import { discardLetters } from '../../packages/server/src/letters/index.ts'
import { keepRoom, passOnce } from '../../packages/server/src/retention/index.ts'
import { showLetterId } from '../../packages/server/src/store/ids.ts'
import { by, captured, type Known, type Operation } from './operation.ts'
import type { Scene } from './scene.ts'

const neverAborted = new AbortController().signal

/** As the office does it each hour. */
async function pass({ store, place }: Scene, afterwards: 'delete' | 'archive' | 'keep'): Promise<void> {
  await passOnce(store, { retention: { ...defaultRetention, afterwards }, place, signal: neverAborted })
}

/** Four letters, three of which were discarded forty days ago. */
async function old(scene: Scene): Promise<Known> {
  const known = await captured(scene, 4)
  const letters = ['letter1', 'letter2', 'letter3'].map((letter) => showLetterId(known[letter] ?? ''))
  await discardLetters(scene.store, { selection: { letters }, ...by, nowMs: Date.now() })
  await scene.store.pool.query(
    `update letter set changed_at = changed_at - interval '40 days' where state = 'discarded'`,
  )
  return known
}

/** Of three letters that are done with the queue may keep one, with the open one. What is left of it is cleared by the hourly pass. */
async function makeRoom(scene: Scene): Promise<void> {
  const { store, place } = scene
  const troubles: string[] = []
  const most = { ...noCap, letters: 3, whenReached: 'archive' as const }
  const room = keepRoom(store, {
    most,
    place,
    signal: neverAborted,
    clock: systemClock,
    tell: (line) => troubles.push(line),
  })
  await room.look()
  const trouble = troubles.find((line) => line.startsWith('no room'))
  if (trouble !== undefined) throw new Error(trouble)
  await pass(scene, 'keep')
}

async function restore({ store, place }: Scene): Promise<void> {
  await restoreLetters(store, place, { selection: { query: 'queue:orders' }, ...by, nowMs: Date.now() })
}

/** One that is open and one that lies in an archive with others, as a person and then the office do it. */
async function erase(scene: Scene, known: Known): Promise<void> {
  const { store, place } = scene
  const letters = ['letter1', 'letter4'].map((letter) => showLetterId(known[letter] ?? ''))
  const { rows } = await store.pool.query<{ id: string; state: string }>('select id, state from erasure')
  const [before] = rows
  const erasure = before?.id ?? (await planErasure(store, { selection: { letters }, by: by.by, nowMs: Date.now() }))
  if (before === undefined || before.state === 'planned')
    await beginErasure(store, { ...by, erasure, expect: letters.length, alsoWords: false })
  await erasureOnce(store, { place, ownsServer: true, signal: neverAborted })
}

export const ofRetention: readonly Operation[] = [
  {
    name: 'delete',
    prepare: old,
    act: (scene) => pass(scene, 'delete'),
    repeat: (scene) => pass(scene, 'delete'),
    ends: { open: [1] },
  },
  {
    name: 'archive',
    prepare: old,
    act: (scene) => pass(scene, 'archive'),
    repeat: (scene) => pass(scene, 'archive'),
    ends: { open: [1], archived: [3] },
  },
  {
    name: 'make-room',
    prepare: old,
    act: makeRoom,
    repeat: makeRoom,
    ends: { open: [1], archived: [2], discarded: [1] },
  },
  {
    name: 'restore',
    async prepare(scene) {
      const known = await old(scene)
      await pass(scene, 'archive')
      return known
    },
    act: restore,
    repeat: restore,
    ends: { open: [1], discarded: [3] },
  },
  {
    name: 'erase',
    async prepare(scene) {
      const known = await old(scene)
      await pass(scene, 'archive')
      return known
    },
    act: erase,
    repeat: erase,
    ends: { archived: [2] },
  },
]
