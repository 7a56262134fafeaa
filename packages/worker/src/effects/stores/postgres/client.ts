/** The one member of a `Pool` or `Client` of pg, or of a client that has its shape, that is called. */
export interface PostgresClientLike {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}
