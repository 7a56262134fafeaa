import type { Clock } from '@redrive/worker'
import type { Finding } from '../../doctor/index.ts'

type Found = () => Promise<readonly Finding[]>

const everyMs = 60_000
/** What takes long on this database is done less often. */
const restFactor = 10

/** What the doctor finds, looked for beside everything else: nobody waits for it, however long it takes. */
export function examinationOf(
  find: Found,
  clock: Clock,
): {
  /** Begins to look when it is time. @returns what was found and not taken yet, or throws why it could not be looked for; `null`: nothing new */
  take(): Found | null
  /** It could not be used: it is there for the next one. */
  giveBack(found: Found): void
} {
  // At the beginning nothing runs yet that could be in trouble.
  let dueMs = clock.monotonic() + everyMs
  let isLooking = false
  let ready: Found | null = null

  const look = async (): Promise<void> => {
    const nowMs = clock.monotonic()
    isLooking = true
    try {
      const findings = await find()
      ready = async () => findings
    } catch (error) {
      ready = async () => Promise.reject(error)
    }
    dueMs = nowMs + Math.max(everyMs, restFactor * (clock.monotonic() - nowMs))
    isLooking = false
  }
  return {
    take() {
      if (!isLooking && ready === null && clock.monotonic() >= dueMs) void look()
      const found = ready
      ready = null
      return found
    },
    giveBack(found) {
      ready ??= found
    },
  }
}
