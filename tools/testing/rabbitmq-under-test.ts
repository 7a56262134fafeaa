/** The broker the tests run against. A missing one is a failure: what was not run has not passed. */
export function rabbitmqUnderTest(): string {
  const url = process.env['REDRIVE_RABBITMQ']
  if (url === undefined || url === '') throw new Error('REDRIVE_RABBITMQ is not set: run npm run test:brokers')
  return url
}
