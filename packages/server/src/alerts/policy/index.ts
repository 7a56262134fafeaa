export { defaultLimits, type Limits, limitsOf, type PlacedLimit } from './limits.ts'
export { readLimits } from './read-limits.ts'
export { holdUntilMs, type Recipient, type Routed, routeOf } from './route.ts'
export { watchedBy } from './watched-by.ts'
