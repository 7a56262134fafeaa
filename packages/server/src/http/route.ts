import type { Broker, Clock } from '@redrive/worker'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { Role } from '../access/index.ts'
import type { ArchivePlace } from '../archive/index.ts'
import type { Books } from '../books.ts'
import type {
  AlertsConfig,
  CapPolicy,
  MaskingConfig,
  NotifierConfig,
  ReplayByTier,
  RetentionPolicy,
} from '../config/index.ts'
import type { Erasures } from '../erasure/index.ts'
import type { SourceExpiry } from '../expiry/index.ts'
import type { Masker } from '../masking/index.ts'
import type { Retention } from '../retention/index.ts'
import type { DiskWatch } from '../store/disk.ts'
import type { Store } from '../store/store.ts'

/** What routes work on; made in main.ts. */
export interface OfficeServices {
  readonly version: string
  readonly startedAt: Date
  readonly store: Store
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock: Clock
  readonly captures: () => readonly CaptureView[]
  readonly books: Pick<Books, 'latest' | 'recent'>
  /** What brokers said last of how long they keep what waits. */
  readonly expiry?: () => readonly SourceExpiry[]
  /** Where the database is the office's own. */
  readonly disk?: Pick<DiskWatch, 'space'>
  readonly alerts: {
    readonly config: AlertsConfig
    /** Where people reach the office; `null`: notices hold no links. */
    readonly officeUrl: string | null
    /** Names of those that can be told. */
    readonly notifiers: readonly string[]
    readonly wakeDelivery: () => void
  }
  readonly retention: Pick<Retention, 'run' | 'restore'> & {
    readonly policy: RetentionPolicy
    /** How much a queue keeps that says nothing else. */
    readonly most: CapPolicy
    /** Where letters are archived; `null`: nowhere. */
    readonly place: ArchivePlace | null
  }
  /** What is sent again without a person, of tiers of which their queue says nothing else. */
  readonly automatic: ReplayByTier
  readonly erasures: Pick<Erasures, 'run'>
  /** What is not shown, and to whom. */
  readonly masking: MaskingConfig
  /** Notifiers that are configured, by name: who may be named for reviews. */
  readonly reviewedBy: Readonly<Record<string, Pick<NotifierConfig, 'type'>>>
  /** A run was started: look now. */
  readonly wakeReplayer: () => void
}

export interface CaptureView {
  readonly broker: string
  readonly place: string
  readonly role: 'dead-letter' | 'receipts'
  readonly state: string
  readonly reason: string | null
  /** Queues at their caps, where that is all that it waits for. */
  readonly waitsForRoomIn?: readonly string[]
  readonly letters: number
  readonly receipts: number
}

export interface Schemas {
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  readonly answer?: TSchema
}

type Of<Schema> = Schema extends TSchema ? Static<Schema> : undefined

export interface Call<S extends Schemas> {
  readonly office: OfficeServices
  readonly params: Of<S['params']>
  readonly query: Of<S['query']>
  readonly body: Of<S['body']>
  /** Name of the token that called. */
  readonly caller: string
  /** For what has to be masked by its place; all text of an answer is looked through after that. `null`: nothing is masked for the caller. */
  readonly masker: (options?: { readonly isNumbered?: boolean }) => Masker | null
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`, parameters as `:name`. */
  readonly path: string
  readonly summary: string
  readonly status: number
  /** What a token has to be. @default a viewer's where nothing is changed (GET), else an operator's */
  readonly needs: Role
  /** The answer is a secret made for the caller, and is given as it is. @default false */
  readonly givesSecret?: boolean
  readonly schemas: Schemas
  readonly handle: (call: Call<Schemas>) => Promise<unknown>
}

/** Keeps the types of the schemas for the handler. */
export function route<const S extends Schemas>(
  definition: Omit<Route, 'schemas' | 'handle' | 'status' | 'needs'> & {
    readonly status?: number
    readonly needs?: Role
    readonly schemas: S
    readonly handle: (call: Call<S>) => Promise<unknown>
  },
): Route {
  return { status: 200, needs: definition.method === 'GET' ? 'viewer' : 'operator', ...definition } as Route
}
