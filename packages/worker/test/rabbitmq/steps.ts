import amqp from 'amqplib'

/** A channel of the bare client, beside the adapter. */
export async function bareChannel(url: string): Promise<amqp.ConfirmChannel & { end(): Promise<void> }> {
  const connection = await amqp.connect(url)
  connection.on('error', () => undefined)
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => undefined)
  return Object.assign(channel, { end: () => connection.close() })
}

/** Everything in a queue, by the bare client, acknowledged. */
export async function drain(url: string, queue: string): Promise<readonly amqp.GetMessage[]> {
  const channel = await bareChannel(url)
  const messages: amqp.GetMessage[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) break
    messages.push(message)
  }
  await channel.end()
  return messages
}
