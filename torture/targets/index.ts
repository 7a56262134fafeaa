import { openLine } from '../cutting-line.ts'
import { embeddedTarget } from './embedded.ts'
import { kafkaTarget } from './kafka.ts'
import { startOwnDatabase } from './own-database.ts'
import { pgBossTarget } from './pg-boss.ts'
import { rabbitmqTarget } from './rabbitmq.ts'
import type { Target, TargetName, TargetParts } from './target.ts'

export type { Target, TargetName } from './target.ts'

const makers: Readonly<Record<TargetName, (parts: TargetParts) => Promise<Target>>> = {
  embedded: embeddedTarget,
  'pg-boss': pgBossTarget,
  kafka: kafkaTarget,
  rabbitmq: rabbitmqTarget,
}

/** Starts the servers of a target, in a folder that somebody else removes. */
export async function startTarget(name: TargetName, folder: string): Promise<Target & { stop(): Promise<void> }> {
  const closers: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    const target = await makers[name]({
      folder,
      async line(options) {
        const line = await openLine(options)
        closers.push(() => line.close())
        return line
      },
      async ownDatabase() {
        const database = await startOwnDatabase(folder)
        closers.push(() => database.stop())
        return database
      },
      onEnd: (close) => closers.push(close),
    })
    return { ...target, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
