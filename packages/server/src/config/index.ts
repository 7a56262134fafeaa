export { type ConfigIssue, issuesIn, loadConfig, parseConfig } from './load.ts'
export { type BrokerConfig, type Config, defaults, publishedSchema, type QueueConfig } from './schema.ts'
