/** Of a row of `letter_line`: how many unresolved letters stand before it, and which is the first. */
export function unresolvedBefore(place: string): string {
  return `select count(*)::int as before, (array_agg(o.letter_id order by o.at, o.letter_id))[1] as behind
          from letter_line o join letter w on w.id = o.letter_id
          where o.line_id = ${place}.line_id and not o.is_resolved and (o.at, o.letter_id) < (${place}.at, ${place}.letter_id)
            and w.state not in ('discarded', 'archived', 'erased')`
}
