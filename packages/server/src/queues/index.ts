export { documentQueues, listQueues, type QueueView } from './list.ts'
