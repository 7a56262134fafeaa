export type { Delivered, Notifier } from './notifier.ts'
