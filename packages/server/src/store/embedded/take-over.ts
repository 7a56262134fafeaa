import { setTimeout as sleep } from 'node:timers/promises'
import { folderInUse, isOwnerAlive, readOwner } from './owner.ts'
import { isPostmaster, type PidFile, readPidFile, stopPostmaster } from './postmaster.ts'
import { connect, tryLock } from './socket.ts'

const patienceMs = 30_000

/** A server without an owner that is younger may be one whose owner is about to say so. */
const youngMs = 3_000

/**
 * Clears the way for a new server: a live one of a live owner is left alone (fault DATA_FOLDER_IN_USE), one whose owner is
 * gone is stopped.
 */
export async function takeOver(options: { dataDir: string; cluster: string; host: string }): Promise<void> {
  const { dataDir, cluster, host } = options
  const deadline = performance.now() + patienceMs
  for (;;) {
    const file = readPidFile(cluster)
    const pid = file?.pid
    const isOurs = pid !== undefined && isPostmaster(pid, cluster)
    const owner = readOwner(dataDir)
    if (isOurs && owner !== undefined && isOwnerAlive(owner)) throw folderInUse(dataDir, pid)
    if (isOurs && isYoung(file)) {
      await sleep(25)
      continue
    }
    const session = await lockSession(host)
    if (session === 'locked' && performance.now() > deadline) throw folderInUse(dataDir, pid)
    if (typeof session === 'object') {
      // Its owner is gone. The lock is kept while it stops, so that two who found it do not both go on.
      if (!isOurs) {
        await session.end()
        throw folderInUse(dataDir, pid) // it answers, but from where its pid means nothing: another container
      }
      await stopPostmaster(pid, cluster)
      await session.end().catch(() => {})
    } else if (session === 'unreachable' && (!isOurs || performance.now() > deadline)) {
      if (isOurs) await stopPostmaster(pid, cluster)
      return
    }
    await sleep(25) // it is starting or stopping, or its owner's session has not been noticed to be gone
  }
}

function isYoung(file: PidFile | undefined): boolean {
  const ageMs = Date.now() - (file?.startedAtMs ?? Number.NaN)
  return ageMs >= -youngMs && ageMs < youngMs // a clock that was set back says nothing
}

async function lockSession(host: string): Promise<Awaited<ReturnType<typeof connect>> | 'locked' | 'unreachable'> {
  try {
    const session = await connect(host)
    if (await tryLock(session)) return session
    await session.end()
    return 'locked'
  } catch {
    return 'unreachable'
  }
}
