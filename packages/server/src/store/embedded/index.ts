export { ballastBytes, ensureBallast, freeBytes, releaseBallast } from './disk.ts'
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './start.ts'
