/** The broker the tests run against. A missing one is a failure: what was not run has not passed. */
export function kafkaUnderTest(): string {
  const address = process.env['REDRIVE_KAFKA']
  if (address === undefined || address === '') {
    throw new Error(
      'REDRIVE_KAFKA is not set: start a broker with tools/servers/kafka.ts and set it to host:port, or run npm run test:brokers',
    )
  }
  return address
}
