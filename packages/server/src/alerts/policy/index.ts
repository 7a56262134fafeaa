export { defaultLimits, type Limits, limitsOf } from './limits.ts'
export { holdUntilMs, type Recipient, type Routed, routeOf } from './route.ts'
export { watchedBy } from './watched-by.ts'
