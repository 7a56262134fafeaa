/**
 * As a part of a statement: notes in which months bytes lie that nothing wants any more, of the letters whose `id` is in a table.
 * @see store/partitions.ts for the names
 */
export function noteDebt(letters: string): string {
  return `debts as (
         insert into content_debt as d (partition, letters, from_id, to_id)
         select 'letter_content_' || to_char(uuid_extract_timestamp(id) at time zone 'UTC', 'YYYY_MM'), count(*), min(id::text)::uuid, max(id::text)::uuid
           from ${letters} group by 1
         on conflict (partition) do update set letters = d.letters + excluded.letters,
           from_id = least(d.from_id, excluded.from_id), to_id = greatest(d.to_id, excluded.to_id)
       )`
}
