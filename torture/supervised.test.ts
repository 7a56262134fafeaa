import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Supervised, supervise } from './supervised.ts'
import { within } from './until.ts'

test('a process that starts again and again leaves no file of its log open', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const { supervised, log } = endingAtOnce(t)
  const ends = (): number => readFileSync(log, 'utf8').split('--- ended').length - 1
  await within(
    () => ends() >= 3,
    () => `it ended ${ends()} times`,
  )
  await supervised.stop()
  assert.equal(openFiles(log), 0)
})

test('a process that has just ended is not started again once it was stopped', async (t) => {
  const { supervised, log } = endingAtOnce(t)
  const pid = supervised.pid
  await within(
    () => readFileSync(log, 'utf8').includes('--- ended'),
    () => 'it did not end',
  )
  await supervised.stop()
  // It would be started again by then.
  await sleep(200)
  assert.equal(supervised.pid, pid)
})

/** A process that has nothing to do. */
function endingAtOnce(t: TestContext): { readonly supervised: Supervised; readonly log: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-supervised-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const script = path.join(folder, 'ends.mjs')
  const log = path.join(folder, 'log')
  writeFileSync(script, '')
  return { supervised: supervise({ script, log, clock: path.join(folder, 'clock'), cwd: folder }), log }
}

function openFiles(name: string): number {
  const links = readdirSync('/proc/self/fd').map((each) => {
    try {
      return readlinkSync(`/proc/self/fd/${each}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link === name).length
}
