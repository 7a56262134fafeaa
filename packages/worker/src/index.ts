export * from './backoff.ts'
export * from './broker.ts'
export { classify, type Rule } from './classification.ts'
export * from './clock.ts'
export {
  Discard,
  dead,
  discard,
  MalformedError,
  PermanentError,
  RetryLater,
  retryLater,
} from './control.ts'
export { describeFailure } from './describe-failure.ts'
export { EffectNotDone } from './effects/effect-errors.ts'
export type { EffectsOptions, ProcessedOptions } from './effects/effect-options.ts'
export type { EffectStore } from './effects/effect-store.ts'
export type { Effects } from './effects/effects.ts'
export * from './errors.ts'
export * from './failure.ts'
export type { HoldOptions } from './hold/hold-options.ts'
export type { HoldStore } from './hold/hold-store.ts'
export * from './lanes.ts'
export * from './letter.ts'
export * from './message.ts'
export * from './outcome.ts'
export * from './receipt.ts'
export type { RetryLimits, RetryOptions } from './retry-policy.ts'
export { encodeTrafficReport, type MessageSample, maxReportBytes, type TrafficReport } from './traffic-report.ts'
export * from './wire.ts'
export {
  budgetFor,
  decodeWire,
  defaultWireBudget,
  encodeWire,
  stripWire,
  type WireBudget,
} from './wire-codec.ts'
export type { Handler, HandlerContext } from './worker/attempt.ts'
export type { Listener, WorkerEvent, WorkerEvents } from './worker/events.ts'
export type { Counters, WorkerHealth } from './worker/health.ts'
export type { WorkerOptions } from './worker/options.ts'
export type { OpenTelemetryApi, TracedSpan } from './worker/traced.ts'
export type { SampleOptions, TrafficOptions } from './worker/traffic-options.ts'
export { createWorker, type Worker } from './worker.ts'
