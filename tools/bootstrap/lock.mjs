import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Does the work while no other process does it in this folder; a folder is made, or not, in one step everywhere. */
export async function withLock(folder, work) {
  await acquire(folder)
  const release = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

async function acquire(folder) {
  mkdirSync(path.dirname(folder), { recursive: true })
  for (let said = false; ; await sleep(200)) {
    try {
      mkdirSync(folder)
      writeFileSync(path.join(folder, 'pid'), `${process.pid}`)
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = holderOf(folder)
    if (holder === 'gone') rmSync(folder, { recursive: true, force: true })
    else if (!said) console.error(`redrive: waiting for process ${holder}, which is installing`)
    said = true
  }
}

/** The pid, or 'gone'. One that has only just made the folder has not written its pid yet. */
function holderOf(folder) {
  let pid
  try {
    pid = Number(readFileSync(path.join(folder, 'pid'), 'utf8'))
  } catch {
    // not written, or the folder has just been removed
  }
  if (!(pid > 0)) {
    const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    return Date.now() - made > 10_000 ? 'gone' : 'unknown'
  }
  try {
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return error.code === 'EPERM' ? pid : 'gone'
  }
}
