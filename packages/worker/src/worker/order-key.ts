import type { ResolvedOptions } from './options.ts'
import type { Task } from './task.ts'

/** What a message waits for, as the option `order` says; `null`: for nothing. */
export function orderKeyOf(task: Task, { order, key }: Pick<ResolvedOptions, 'order' | 'key'>): string | null {
  if (order === 'none') return null
  if (order === 'partition') return task.delivery.partition
  if (key === null) return task.message.key === null ? null : Buffer.from(task.message.key).toString('latin1')
  try {
    return key(task.message)
  } catch {
    // Without a key it waits for nothing; its handler will say what is wrong with it.
    return null
  }
}
