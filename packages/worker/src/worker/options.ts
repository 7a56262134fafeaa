import { hostname } from 'node:os'
import type { Broker } from '../broker.ts'
import type { Rule } from '../classification.ts'
import { type Clock, systemClock } from '../clock.ts'
import {
  type EffectsOptions,
  effectSettings,
  type ProcessedOptions,
  processedSettings,
} from '../effects/effect-options.ts'
import type { EffectSettings } from '../effects/effects.ts'
import { RedriveError } from '../errors.ts'
import { type HoldOptions, holdSettings } from '../hold/hold-options.ts'
import { type Lanes, lanesOf } from '../lanes.ts'
import type { Message } from '../message.ts'
import { defaultReceiptsPlace } from '../receipt.ts'
import { type RetryOptions, type RetryPolicy, retryPolicy } from '../retry-policy.ts'
import type { WorkerIdentity } from '../wire.ts'
import type { Handler } from './attempt.ts'
import { type OpenTelemetryApi, traced } from './traced.ts'
import { type TrafficOptions, type TrafficSettings, trafficSettings } from './traffic-options.ts'

export interface WorkerOptions {
  /** Stays yours: the worker does not close it. */
  readonly broker: Broker
  /** The place to read: topic, queue, subscription, table. */
  readonly queue: string
  /** Consumer group or its like; names the lanes. @default `service`, or else `queue` */
  readonly consumer?: string
  readonly handle: Handler
  readonly retry?: RetryOptions
  /** One call's time. @default 30_000 */
  readonly timeoutMs?: number
  /** Your own rules, asked before ours. */
  readonly classify?: readonly Rule[]
  /** Handlers that run at a time. @default 10 */
  readonly concurrency?: number
  /**
   * What waits for what: with `key` the first attempts of messages with the same key, with `partition` those of the same partition, run
   * one after another as they arrived. A message that fails goes to its lane and lets those behind it pass: order after a failure is not kept, and after a
   * death only with `hold`.
   * @default 'none'
   */
  readonly order?: 'none' | 'key' | 'partition'
  /** With `order: 'key'`: the key of a message; `null` waits for nothing. @default the message's own key */
  readonly key?: (message: Message) => string | null
  /** Bodies held in memory from the queue. @default 16 MiB */
  readonly maxInFlightBytes?: number
  /** Version of your code, for the letters. */
  readonly release?: string
  /** @default `consumer` */
  readonly service?: string
  /** @default the machine's name */
  readonly host?: string
  /** Where results of replays are reported; `null` reports none. @default 'redrive-receipts' */
  readonly receipts?: string | null
  /**
   * Tells the office each minute, by way of the receipts place, how many messages were handled and died, so that it can say which share dies, and
   * something of single messages that were handled. Best effort; `false` tells nothing.
   * @default true where `receipts` is not `null`
   */
  readonly traffic?: boolean | TrafficOptions
  /** @default `<queue>-dead-letter` */
  readonly deadLetter?: string
  /** How much of the lanes is held in memory while it waits, over all of them. @default 20,000 messages, 32 MiB */
  readonly lanes?: { readonly maxMessages?: number; readonly maxBytes?: number }
  /** Where `context.effects` remembers what has happened. @default none */
  readonly effects?: EffectsOptions
  /** Messages that were handled are acknowledged without a call when they come again. @default none */
  readonly processed?: ProcessedOptions
  /** With `order: 'key'`: later messages of a key wait while a dead letter of it is unresolved, and follow it in order. @default none: they go on */
  readonly hold?: HoldOptions
  /** The module `@opentelemetry/api`: each call has a span in the trace that its message carries. @default none */
  readonly openTelemetry?: OpenTelemetryApi
  /** How long `stop` lets handlers finish. @default 25_000 */
  readonly shutdownMs?: number
  readonly clock?: Clock
  /** From 0 (included) to 1 (excluded). @default Math.random */
  readonly random?: () => number
}

/** Options checked and completed. */
export interface ResolvedOptions {
  readonly broker: Broker
  readonly queue: string
  readonly consumer: string
  readonly handle: Handler
  readonly policy: RetryPolicy
  readonly timeoutMs: number
  readonly rules: readonly Rule[]
  readonly concurrency: number
  readonly order: 'none' | 'key' | 'partition'
  readonly key: ((message: Message) => string | null) | null
  readonly maxInFlight: { readonly messages: number; readonly bytes: number }
  readonly identity: WorkerIdentity
  readonly receipts: string | null
  readonly reporting: TrafficSettings | null
  readonly lanes: Lanes
  readonly laneBounds: { readonly messages: number; readonly bytes: number }
  readonly effects: EffectSettings | null
  readonly processed: Required<ProcessedOptions> | null
  readonly holding: Required<HoldOptions> | null
  readonly shutdownMs: number
  readonly clock: Clock
  readonly random: () => number
}

/** @throws OPTION_INVALID naming the option */
export function resolveOptions(options: WorkerOptions): ResolvedOptions {
  const { broker, queue, handle, order = 'none' } = options
  if (typeof queue !== 'string' || queue === '') throw invalid('queue', queue, 'Give the name of the place to read.')
  if (typeof handle !== 'function') throw invalid('handle', handle, 'Give the function that handles a message.')
  if (!['none', 'key', 'partition'].includes(order)) throw invalid('order', order, "Give 'none', 'key' or 'partition'.")
  const consumer = options.consumer ?? options.service ?? queue
  const concurrency = count('concurrency', options.concurrency ?? 10)
  const lanes = lanesOf(queue, consumer, broker.capabilities.nativeDelay !== false)
  const laneMessages = count('lanes.maxMessages', options.lanes?.maxMessages ?? 20_000)
  const timeoutMs = count('timeoutMs', options.timeoutMs ?? 30_000)
  const clock = options.clock ?? systemClock
  const laneBytes = count('lanes.maxBytes', options.lanes?.maxBytes ?? 32 * 1024 * 1024)
  return {
    broker,
    queue,
    consumer,
    handle:
      options.openTelemetry === undefined
        ? handle
        : traced(handle, { api: options.openTelemetry, system: broker.system, consumer }),
    policy: retryPolicy(options.retry),
    timeoutMs,
    rules: options.classify ?? [],
    concurrency,
    order,
    key: options.key ?? null,
    // After a crash everything in flight is run alone, one by one, so it is no more than keeps the handlers busy.
    maxInFlight: {
      messages: Math.max(16, concurrency * (order === 'none' ? 2 : 4)),
      bytes: count('maxInFlightBytes', options.maxInFlightBytes ?? 16 * 1024 * 1024),
    },
    identity: {
      service: options.service ?? consumer,
      release: options.release ?? null,
      host: options.host ?? hostname(),
    },
    receipts: options.receipts === undefined ? defaultReceiptsPlace : options.receipts,
    reporting: options.receipts === null ? null : trafficSettings(options.traffic ?? true),
    lanes: options.deadLetter === undefined ? lanes : { ...lanes, deadLetter: options.deadLetter },
    laneBounds: {
      messages: laneMessages,
      bytes: laneBytes,
    },
    effects: options.effects === undefined ? null : effectSettings(options.effects, { timeoutMs, clock }),
    processed: options.processed === undefined ? null : processedSettings(options.processed),
    holding: options.hold === undefined ? null : holdSettings(options.hold, order),
    shutdownMs: notNegative('shutdownMs', options.shutdownMs ?? 25_000),
    clock,
    random: options.random ?? Math.random,
  }
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw invalid(name, value, 'Give a whole number of 1 or more.')
}

function notNegative(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0) return value
  throw invalid(name, value, 'Give milliseconds, 0 or more.')
}

function invalid(name: string, value: unknown, hint: string): RedriveError {
  const shown = typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value
  return new RedriveError('OPTION_INVALID', `${name} is ${shown}`, { hint })
}
