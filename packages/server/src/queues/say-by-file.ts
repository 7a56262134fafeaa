import { flatDocument, type QueueConfig } from '../config/index.ts'
import { storableText } from '../store/copy-binary.ts'
import type { Store } from '../store/store.ts'
import { lockDocuments } from './lock-documents.ts'

/**
 * Takes what the configuration says in place of what its file said before, for the queues it no longer names too. A queue that several files name
 * says what the office says that started last: whoever moves a file only has to name its queues in the new one.
 * @param said.file full path of the file
 */
export async function sayByFile(
  store: Store,
  said: { readonly file: string; readonly queues: Readonly<Record<string, QueueConfig>> },
): Promise<void> {
  const rows = Object.entries(said.queues).flatMap(([queue, document]) =>
    Object.entries(flatDocument(document)).map(([field, value]) => ({
      queue: storableText(queue),
      field,
      value: storableText(value ?? ''),
      at: storableText(document.at?.[field] ?? said.file),
    })),
  )
  await store.transaction(async (client) => {
    await lockDocuments(client)
    await client.query(
      `delete from queue_document where origin = 'file' and (queue = any($1) or said_by = $2 or starts_with(said_by, $2 || ':'))`,
      [Object.keys(said.queues).map(storableText), storableText(said.file)],
    )
    await client.query(
      `insert into queue_document (queue, field, origin, value, said_by)
       select queue, field, 'file', value, said_by from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as r (queue, field, value, said_by)`,
      [
        rows.map(({ queue }) => queue),
        rows.map(({ field }) => field),
        rows.map(({ value }) => value),
        rows.map(({ at }) => at),
      ],
    )
  })
}
