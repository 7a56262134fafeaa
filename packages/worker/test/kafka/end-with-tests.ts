import { after } from 'node:test'

const graceMs = 2000

/**
 * Ends the process when its tests are done. A librdkafka consumer that is closed while its broker cannot be reached may keep a
 * process alive that has nothing left to do; the adapter states it as a loss.
 */
export function endWithTests(): void {
  after(() => {
    setTimeout(() => process.exit(), graceMs).unref()
  })
}
