export type { ReturnedLetter } from './batch.ts'
export { type Capture, type CaptureOptions, startCapture } from './capture.ts'
export type { CaptureHooks } from './commit-batch.ts'
export type { CaptureEvent, CaptureHealth } from './events.ts'
