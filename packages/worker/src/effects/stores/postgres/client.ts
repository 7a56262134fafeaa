/** The one member of a `Pool` or `Client` of pg, or of a client that has its shape, that is called. */
export interface PostgresClientLike {
  query(statement: PreparedLike): Promise<{ readonly rows: readonly unknown[] }>
}

/** With a name it is prepared once per connection. */
export interface PreparedLike {
  name?: string
  text: string
  values: unknown[]
}
