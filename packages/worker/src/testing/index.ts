export type { CaseName, Harness } from './case.ts'
export { type FakeClock, fakeClock } from './fake-clock.ts'
export { type OutageBroker, outageOf } from './outage.ts'
export { type TestBrokerOptions, testBroker } from './test-broker.ts'
