import { setTimeout as sleep } from 'node:timers/promises'
import { type CuttingLine, cutMoments } from './cutting-line.ts'
import { until } from './until.ts'

interface Cutting {
  readonly lines: readonly CuttingLine[]
  readonly cuts: number
  readonly random: () => number
  /** Throws while it is not. */
  readonly isOpen: () => Promise<unknown>
  readonly hit: (what: string) => void
}

/**
 * Cuts connections on all lines side by side, each time at a random moment of their talk: half of them at a request that decides
 * something, where there is one soon. An office that finds its database or its broker cut off while it starts ends and starts again: mostly
 * it is let come up, or it would never do so on a slow machine.
 * @returns how many were cut
 */
export async function cutConnections(cutting: Cutting): Promise<number> {
  let cuts = 0
  // While everything is down, nobody talks.
  const untilMs = performance.now() + 60_000 + cutting.cuts * 2_000
  const isOver = (): boolean => cuts >= cutting.cuts || performance.now() > untilMs
  const cutOften = async (line: CuttingLine): Promise<void> => {
    while (!isOver()) {
      if (cutting.random() < 0.6) await until('the office is open', 60_000, cutting.isOpen)
      await sleep(200 + cutting.random() * 800)
      if (!isOver() && (await cutOnce(line, cutting))) cuts += 1
    }
  }
  await Promise.all(cutting.lines.map(cutOften))
  return cuts
}

async function cutOnce(line: CuttingLine, { random, hit }: Cutting): Promise<boolean> {
  const moment = cutMoments[Math.floor(random() * cutMoments.length)] ?? 'before the reply'
  const isWeighty = random() < 0.5
  const isCut = await line.cut(moment, { weighty: isWeighty, timeoutMs: isWeighty ? 1_000 : 3_000 })
  if (isCut) hit(`${line.name}, ${moment}`)
  return isCut
}
