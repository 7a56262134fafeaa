import { existsSync, readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'

/**
 * Loaded before a process under torture: its wall clock is wrong by what the file says, from the start and again at each SIGUSR2. Timers and
 * `performance.now` go on as they do when somebody corrects a real clock.
 */
const file = process.env['REDRIVE_TORTURE_CLOCK'] ?? ''
const realNow = Date.now
let wrongByMs = 0

function look(): void {
  wrongByMs = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

function now(): number {
  return realNow() + wrongByMs
}

// Who never ends by himself leaves nothing for those who load the same files after him.
setTimeout(flushCompileCache, 300).unref()
look()
process.on('SIGUSR2', look)
globalThis.Date = new Proxy(Date, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
})
