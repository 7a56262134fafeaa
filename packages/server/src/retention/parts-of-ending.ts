/**
 * As parts of a statement: everything but the bytes of the letters in a table `chosen` (id, queue_id, cause_id, state) goes, and their causes are
 * told: these count what came and how it changed since, and who watches one counts what it has read of it. `redrive.ends` has to be on.
 */
export const partsOfEnding = `versions as (delete from letter_version v using chosen o where v.letter_id = o.id
       ), lines as (delete from letter_line h using chosen o where h.letter_id = o.id
       ), notices as (delete from release_notice n using chosen o where n.letter_id = o.id
       ), waited as (
         delete from outstanding u using chosen o where o.state in ('open', 'held', 'uncertain') and u.queue_id = o.queue_id and u.letter_id = o.id
       ), homes as (delete from letter_home h using chosen o where h.letter_id = o.id
       ), gone as (delete from letter using chosen o where letter.id = o.id
       ), counted as (
         insert into cause_change (cause_id, state, letters) select cause_id, state, -count(*) from chosen group by 1, 2
       ), watched as (
         update cause_watch w set gone = w.gone + g.letters, before_scan = w.before_scan - g.before, scanned_letters = w.scanned_letters - g.scanned
           from (select o.cause_id, count(*) as letters, count(*) filter (where o.id <= v.scan_from) as before,
                        count(*) filter (where o.id > v.scan_from and o.id <= v.scanned) as scanned
                   from chosen o join cause_watch v on v.cause_id = o.cause_id group by 1) g
          where w.cause_id = g.cause_id
       )`
