/** What a person can act on: no stack is shown for it. */
export class Trouble extends Error {}

/** Ends this process, saying why. */
export function stop(error) {
  console.error(`redrive: ${error instanceof Trouble ? error.message : (error?.stack ?? error)}`)
  process.exit(1)
}
