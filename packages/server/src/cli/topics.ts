import { exitCodeHelp } from './exit-codes.ts'

/** What `redrive help TOPIC` prints beside the help of commands. */
export const topics: Readonly<Record<string, string>> = {
  query: `A query is a list of conditions, all of which hold:
  queue:orders           letters of a queue            cause:c_…      of a cause
  tier:transient,timeout of one of these tiers         consumer:reefer
  state:uncertain        (open alone by default; state:any)
  error:ETIMEDOUT        in the error's class or text  release:5f2  host:web-1
  key:cust-991           exactly this message key      letter:l_…
  age:<2h  age:>3d       since capture: ms s m h d w   attempts:>=3  bytes:>10kb
  -queue:orders          not                           "two words"    quotes keep spaces
  ord-1042               words: all in the letter (key, error, ids in the body) or all in its cause`,
  'exit-codes': exitCodeHelp.map(([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`).join('\n'),
  environment: `REDRIVE_URL, REDRIVE_TOKEN  the office to call, instead of a local one
REDRIVE_DATA                data folder (default .redrive)
REDRIVE_DATABASE_URL        a PostgreSQL of your own for \`serve\`
REDRIVE_PORT                port of the API
NO_COLOR                    no colours`,
}
