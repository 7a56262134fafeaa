import { nameParts } from '../../../effects/stores/postgres/table.ts'

export interface HoldTable {
  /** With or without a schema: letters, digits and underscores. @default 'redrive_hold' */
  readonly table?: string
}

/** The statements that make the table; they may run again. Run them as a migration of yours, or once at the start. A row is a line. */
export function holdTableSql(options: HoldTable = {}): string {
  const name = holdTableName(options)
  return `create table if not exists ${name} (
  scope text not null,
  key text not null,
  letters text[] not null,
  places bigint[] not null,
  changed_at timestamptz not null default now(),
  primary key (scope, key),
  check (cardinality(letters) = cardinality(places))
);
create index if not exists "${partsOf(options).at(-1)?.slice(0, 50)}_blocked" on ${name} (scope) where letters <> '{}';
`
}

/** Quoted. @throws OPTION_INVALID */
export function holdTableName(options: HoldTable): string {
  return partsOf(options)
    .map((part) => `"${part}"`)
    .join('.')
}

function partsOf({ table = 'redrive_hold' }: HoldTable): readonly string[] {
  return nameParts(table)
}
