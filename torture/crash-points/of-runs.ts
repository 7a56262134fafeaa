import { lookOnce } from '../../packages/server/src/automatic/index.ts'
import { claimNext } from '../../packages/server/src/replay/claim.ts'
import { cancelRun, decideUncertain, pauseRun, resumeRun, startRun } from '../../packages/server/src/replay/index.ts'
import { takeRun } from '../../packages/server/src/replay/leases.ts'
import { putBack } from '../../packages/server/src/replay/put-back.ts'
import { resolveUncertain } from '../../packages/server/src/replay/resolve.ts'
import { by, captured, carriedOut, type Known, type Operation, planned, started, unlessDone } from './operation.ts'
import type { Scene } from './scene.ts'
import { makeJobs } from './within-broker.ts'

const of = (known: Known, what: string): string => known[what] ?? ''

/** All four were taken up; what became of the third and the fourth is not known. */
async function inDoubt(scene: Scene): Promise<Known> {
  const known = await started(scene, 4)
  await carriedOut(scene)
  return known
}

const start = ({ store }: Scene, known: Known) => startRun(store, { plan: of(known, 'plan'), by: by.by, expect: 4 })
/** An office looks whether letters go again without a person: one letter, so that no canary waits for what a consumer says. */
const looked = async ({ store, brokers }: Scene): Promise<void> => {
  const ask = async () => ({ isHealthy: true }) as const
  await lookOnce(store, { tiers: { transient: { when: 'healthy', after: '0s' } }, brokers, ask })
}
const stop = (known: Known) => ({ run: of(known, 'run'), ...by })

export const ofRuns: readonly Operation[] = [
  {
    name: 'plan',
    prepare: (scene) => captured(scene, 4),
    act: async (scene) => void (await planned(scene)),
    repeat: async (scene) => void (await planned(scene)),
    ends: { open: [4] },
  },
  {
    name: 'start',
    prepare: async (scene) => ({ ...(await captured(scene, 4)), plan: await planned(scene) }),
    act: async (scene, known) => void (await start(scene, known)),
    repeat: (scene, known) => unlessDone(start(scene, known)),
    ends: { replayed: [4] },
  },
  {
    name: 'begin-by-itself',
    prepare: (scene) => captured(scene, 1),
    act: looked,
    repeat: looked,
    ends: { replayed: [1] },
  },
  {
    name: 'send',
    prepare: (scene) => started(scene, 4),
    act: carriedOut,
    // What surely did not arrive is open again: both batches may be claimed before the first is sent, or a part of it. Each letter's state is compared with what
    // its broker has besides.
    ends: { replayed: [0, 1, 2, 3, 4], open: [0, 1, 2, 3, 4] },
  },
  {
    name: 'send-within',
    setting: { isWithin: true, looksBack: false },
    async prepare(scene) {
      await makeJobs(scene.store)
      return started(scene, 4)
    },
    act: carriedOut,
    // Nothing is ever in doubt, though nobody can look back.
    ends: { replayed: [4] },
  },
  {
    name: 'send-without-looking-back',
    setting: { looksBack: false },
    prepare: (scene) => started(scene, 4),
    act: carriedOut,
    ends: { replayed: [0, 1, 2, 3, 4], uncertain: [0, 1, 2, 3, 4] },
  },
  {
    name: 'mark',
    setting: { fates: { 2: 'refused', 3: 'doubted', 4: 'vanished' } },
    prepare: (scene) => started(scene, 4),
    act: carriedOut,
    ends: { replayed: [0, 1, 2], open: [2, 3, 4] },
  },
  {
    name: 'resolve',
    setting: { fates: { 3: 'doubted', 4: 'vanished' } },
    prepare: inDoubt,
    act: async ({ store, brokers }) => {
      await resolveUncertain({ store, brokers, quietSeconds: 0, signal: new AbortController().signal })
    },
    ends: { replayed: [3], open: [1] },
  },
  {
    name: 'decide',
    setting: { looksBack: false, fates: { 3: 'doubted', 4: 'vanished' } },
    prepare: inDoubt,
    act: async ({ store }) => {
      const selection = { query: 'queue:orders' }
      await decideUncertain(store, { selection, decision: 'resend', expect: 2, ...by, nowMs: Date.now() })
    },
    repeat: ({ store }) =>
      unlessDone(
        decideUncertain(store, {
          selection: { query: 'queue:orders' },
          decision: 'resend',
          expect: 2,
          ...by,
          nowMs: Date.now(),
        }),
      ),
    ends: { replayed: [2], open: [2] },
  },
  {
    name: 'pause',
    prepare: (scene) => started(scene, 4),
    act: ({ store }, known) => pauseRun(store, stop(known)),
    repeat: async ({ store }, known) => {
      await unlessDone(pauseRun(store, stop(known)))
      await unlessDone(resumeRun(store, stop(known)))
    },
    ends: { replayed: [4] },
  },
  {
    name: 'resume',
    async prepare(scene) {
      const known = await started(scene, 4)
      await pauseRun(scene.store, stop(known))
      return known
    },
    act: ({ store }, known) => resumeRun(store, stop(known)),
    repeat: ({ store }, known) => unlessDone(resumeRun(store, stop(known))),
    ends: { replayed: [4] },
  },
  {
    name: 'cancel',
    prepare: (scene) => started(scene, 4),
    // While a batch is claimed: that one is put back by whoever has it.
    async act({ store }, known) {
      const lease = await takeRun(store)
      if (lease === null) throw new Error('there is no run to cancel')
      const claim = await claimNext(store, lease)
      if (claim.kind !== 'claimed') throw new Error(`the claim is ${claim.kind}`)
      await cancelRun(store, stop(known))
      await putBack(store, lease, claim)
    },
    repeat: ({ store }, known) => unlessDone(cancelRun(store, stop(known))),
    // A claimed batch of a process that died is in doubt.
    ends: { open: [2, 4], uncertain: [0, 2] },
  },
]
