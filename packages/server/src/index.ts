/** `redrive` is used through its command line and HTTP API; as a module it starts an office. */
export { type Config, loadConfig, parseConfig } from './config/index.ts'
export { type Office, startOffice } from './main.ts'
