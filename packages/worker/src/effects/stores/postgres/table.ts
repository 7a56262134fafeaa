import { RedriveError } from '../../../errors.ts'

export interface EffectsTable {
  /** With or without a schema: letters, digits and underscores. @default 'redrive_effects' */
  readonly table?: string
}

/**
 * The statements that make the table; they may run again. Run them as a migration of yours, or once at the start.
 *
 * `expires_at` never changes while a record lives, so that what happens to a record rewrites no index.
 */
export function effectsTableSql(options: EffectsTable = {}): string {
  const name = tableName(options)
  return `create table if not exists ${name} (
  key bytea primary key,
  what text not null,
  state text not null check (state in ('begun', 'done', 'not-done', 'failed', 'expired')),
  before text,
  token text not null,
  begins integer not null,
  began_at timestamptz not null,
  began_before timestamptz,
  lease_until timestamptz not null,
  expires_at timestamptz not null,
  result text
) with (fillfactor = 70);
create index if not exists ${indexName(options)} on ${name} (expires_at);
`
}

/** Quoted. @throws OPTION_INVALID */
export function tableName({ table = 'redrive_effects' }: EffectsTable): string {
  return nameParts(table)
    .map((part) => `"${part}"`)
    .join('.')
}

function indexName({ table = 'redrive_effects' }: EffectsTable): string {
  return `"${nameParts(table).at(-1)?.slice(0, 50)}_expires_at"`
}

/** @throws OPTION_INVALID */
export function nameParts(table: string): readonly string[] {
  const parts = table.split('.')
  if (parts.length <= 2 && parts.every((part) => /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(part))) return parts
  throw new RedriveError('OPTION_INVALID', 'table is no name of a table', {
    hint: 'Letters, digits and underscores; with a schema as "schema.table".',
  })
}
