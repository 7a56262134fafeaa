/** The few members of a started pg-boss 12 instance that are called. */
export interface PgBossLike {
  fetch(name: string, options: { batchSize: number; includeMetadata: true }): Promise<JobLike[]>
  insert(name: string, jobs: JobInsertLike[], options: InsertOptionsLike): Promise<string[] | null>
  complete(name: string, jobs: Claim[]): Promise<unknown>
  createQueue(name: string, options: QueueOptionsLike): Promise<void>
  getQueue(name: string): Promise<QueueLike | null>
  getDb(): DatabaseLike
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** `db`: whatever the statement goes to instead of the instance's own pool. */
export interface InsertOptionsLike {
  returnId: true
  db?: DatabaseLike
}

export interface DatabaseLike {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** Names one claim of a job: as soon as the job was claimed again, a call with it has no effect. */
export interface Claim {
  readonly id: string
  readonly retryCount: number
}

export interface JobLike extends Claim {
  readonly data: unknown
  readonly priority: number
  readonly createdOn: Date
}

export interface JobInsertLike {
  id: string
  data: object
  startAfter?: number
  priority?: number
}

export interface QueueOptionsLike {
  retryLimit: number
  retryDelay: number
  heartbeatSeconds: number
  expireInSeconds: number
  retentionSeconds: number
  deleteAfterSeconds: number
}

export interface QueueLike {
  readonly policy?: string
  readonly retryLimit?: number
  readonly expireInSeconds?: number
  readonly heartbeatSeconds?: number
  readonly retentionSeconds?: number
  /** How long a job stays in the table after its end; 0: for ever. */
  readonly deleteAfterSeconds?: number
  readonly createdOn?: Date
  readonly deadLetter?: string
}
