import type { Route } from '../route.ts'
import { accessRoutes } from './access.ts'
import { alertRoutes } from './alerts.ts'
import { archiveRoutes } from './archives.ts'
import { automaticReplayRoutes } from './automatic-replays.ts'
import { causeLifeRoutes } from './cause-life.ts'
import { causeRuleRoutes } from './cause-rules.ts'
import { causeRoutes } from './causes.ts'
import { discardRoutes } from './discards.ts'
import { doctorRoutes } from './doctor.ts'
import { erasureRoutes } from './erasures.ts'
import { inCommonRoutes } from './in-common.ts'
import { letterRoutes } from './letters.ts'
import { planRoutes } from './plans.ts'
import { queueRoutes } from './queues.ts'
import { reportRoutes } from './reports.ts'
import { retentionRoutes } from './retention.ts'
import { reviewRoutes } from './review.ts'
import { reviewScheduleRoutes } from './review-schedule.ts'
import { runRoutes } from './runs.ts'
import { statusRoutes } from './status.ts'
import { transformRoutes } from './transforms.ts'
import { uncertainRoutes } from './uncertain.ts'
import { versionRoutes } from './versions.ts'

export const routes: readonly Route[] = [
  ...statusRoutes,
  ...queueRoutes,
  ...doctorRoutes,
  ...alertRoutes,
  ...reviewRoutes,
  ...reviewScheduleRoutes,
  ...retentionRoutes,
  ...archiveRoutes,
  ...erasureRoutes,
  ...causeRoutes,
  ...causeLifeRoutes,
  ...causeRuleRoutes,
  ...inCommonRoutes,
  ...letterRoutes,
  ...versionRoutes,
  ...discardRoutes,
  ...transformRoutes,
  ...planRoutes,
  ...runRoutes,
  ...reportRoutes,
  ...automaticReplayRoutes,
  ...uncertainRoutes,
  ...accessRoutes,
]
