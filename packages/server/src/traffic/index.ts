export { type TrafficOfQueue, type TrafficOfSpan, trafficOfQueue, trafficOfQueues } from './read-traffic.ts'
export { endOldTraffic, watchTraffic } from './watch-traffic.ts'
