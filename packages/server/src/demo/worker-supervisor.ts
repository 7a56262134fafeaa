import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { WorkerNews, WorkerSettings } from './worker-process.ts'

/** Keeps one worker process running, as any scheduler of containers would. */
export interface SupervisedWorker {
  /** Replaces the process by one with other settings: a deployment. */
  deploy(settings: WorkerSettings): Promise<void>
  stop(): Promise<void>
}

export async function superviseWorker(
  first: WorkerSettings,
  onNews: (news: WorkerNews | { readonly kind: 'killed'; readonly how: string }) => void,
): Promise<SupervisedWorker> {
  let settings = first
  let child: ChildProcess | undefined
  let stopping = false

  const start = (): Promise<void> =>
    new Promise((resolve) => {
      const started = spawnWorker(settings)
      child = started
      started.on('message', (news: WorkerNews) => {
        if (news.kind === 'ready') resolve()
        onNews(news)
      })
      started.once('exit', (code, signal) => {
        resolve()
        if (stopping || child !== started) return
        onNews({ kind: 'killed', how: signal ?? `exit status ${code}` })
        setTimeout(() => {
          if (!stopping && child === started) void start()
        }, restartMs)
      })
    })

  const end = async (): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const gone = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill('SIGTERM')
    const killer = setTimeout(() => ending.kill('SIGKILL'), killAfterMs)
    await gone
    clearTimeout(killer)
  }

  await start()
  return {
    async deploy(next) {
      settings = next
      await end()
      await start()
    },
    async stop() {
      stopping = true
      await end()
    },
  }
}

const restartMs = 300
const killAfterMs = 10_000

function spawnWorker(settings: WorkerSettings): ChildProcess {
  const file = import.meta.url.endsWith('.ts') ? './worker-process.ts' : './worker-process.js'
  // Little memory, so that the order that needs too much is killed soon; what V8 says when it dies is no news.
  const args = [...process.execArgv, '--max-old-space-size=96', fileURLToPath(new URL(file, import.meta.url))]
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, REDRIVE_DEMO_WORKER: JSON.stringify(settings) },
  })
}
