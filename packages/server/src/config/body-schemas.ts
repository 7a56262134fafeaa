import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { QueueConfig } from './schema.ts'

const maxBytes = 1024 * 1024

/** Puts the text of each queue's JSON Schema in the place of its file's name; `tell` hears of those that cannot be used. */
export function readBodySchemas(
  queues: Readonly<Record<string, QueueConfig>>,
  folder: string,
  tell: (queue: string, problem: string) => void,
): Readonly<Record<string, QueueConfig>> {
  return Object.fromEntries(
    Object.entries(queues).map(([name, queue]) => {
      if (queue.bodySchema === undefined) return [name, queue]
      const file = path.resolve(folder, queue.bodySchema)
      try {
        const text = readFileSync(file, 'utf8')
        const problem = bodySchemaProblem(text)
        if (problem !== null) tell(name, `the file ${file} ${problem}`)
        return [name, { ...queue, bodySchema: text }]
      } catch (error) {
        tell(name, `the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
        return [name, queue]
      }
    }),
  )
}

/** Why a text is no JSON Schema; how its words are meant is looked at when a body is compared with it. */
export function bodySchemaProblem(text: string): string | null {
  if (text.length > maxBytes) return 'has more than 1 MiB'
  try {
    const schema: unknown = JSON.parse(text)
    const isSchema =
      typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
    return isSchema ? null : 'is no JSON Schema: it holds no object'
  } catch {
    return 'is no JSON'
  }
}
