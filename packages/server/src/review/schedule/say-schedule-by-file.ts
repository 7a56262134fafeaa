import type { Config } from '../../config/index.ts'
import { storableText } from '../../store/copy-binary.ts'
import type { Store } from '../../store/store.ts'
import { lockSchedule } from './lock-schedule.ts'

/** Takes what the configuration says in place of what its file said before. A field that several files name is what the office says that started last. */
export async function sayScheduleByFile(store: Store, said: Pick<Config, 'file' | 'review'>): Promise<void> {
  const { says, places } = said.review
  const fields = Object.entries(says)
  const file = storableText(said.file)
  await store.transaction(async (client) => {
    await lockSchedule(client)
    await client.query(
      `delete from review_schedule where origin = 'file' and (field = any($1) or said_by = $2 or starts_with(said_by, $2 || ':'))`,
      [fields.map(([field]) => field), file],
    )
    for (const [field, value] of fields)
      await client.query(`insert into review_schedule (field, origin, value, said_by) values ($1, 'file', $2, $3)`, [
        field,
        JSON.stringify(value),
        storableText(places[field] ?? file),
      ])
  })
}
