import { ofCapture } from './of-capture.ts'
import { ofControl } from './of-control.ts'
import { ofErasure } from './of-erasure.ts'
import { ofReplay } from './of-replay.ts'
import { ofRetention } from './of-retention.ts'
import { ofUpkeep } from './of-upkeep.ts'
import { ofWorker } from './of-worker.ts'
import type { Saboteur } from './saboteur.ts'

export const saboteurs: readonly Saboteur[] = [
  ...ofCapture,
  ...ofReplay,
  ...ofControl,
  ...ofRetention,
  ...ofErasure,
  ...ofUpkeep,
  ...ofWorker,
]
