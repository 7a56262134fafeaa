import { ofCapture } from './of-capture.ts'
import { ofLetters } from './of-letters.ts'
import { ofRetention } from './of-retention.ts'
import { ofRuns } from './of-runs.ts'
import type { Operation } from './operation.ts'

export const operations: readonly Operation[] = [...ofCapture, ...ofRuns, ...ofLetters, ...ofRetention]
