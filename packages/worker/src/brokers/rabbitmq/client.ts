/** The few members of amqplib (promise API, 0.10 to 2.x) that are called; any client of this shape will do. */
export interface ConnectionLike {
  createChannel(): Promise<ChannelLike>
  createConfirmChannel(): Promise<ConfirmChannelLike>
  close(): Promise<void>
  on(event: string, listener: (argument: unknown) => void): unknown
  readonly connection?: { readonly serverProperties?: object; readonly frameMax?: unknown }
}

export interface ChannelLike {
  on(event: string, listener: (argument: unknown) => void): unknown
  close(): Promise<void>
  assertQueue(queue: string, options: { readonly durable: boolean; readonly arguments: object }): Promise<unknown>
  checkQueue(queue: string): Promise<{ readonly messageCount: number; readonly consumerCount: number }>
  prefetch(count: number): Promise<unknown>
  consume(queue: string, onMessage: (message: DeliveredLike | null) => void): Promise<{ readonly consumerTag: string }>
  cancel(consumerTag: string): Promise<unknown>
  ack(message: DeliveredLike, allUpTo?: boolean): void
  nack(message: DeliveredLike, allUpTo?: boolean, requeue?: boolean): void
  nackAll(requeue?: boolean): void
}

export interface ConfirmChannelLike extends ChannelLike {
  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: PublishOptions,
    onConfirmed: (error: unknown) => void,
  ): boolean
}

export interface DeliveredLike {
  readonly content: Buffer
  readonly fields: { readonly deliveryTag: number; readonly redelivered: boolean; readonly routingKey: string }
  readonly properties: BasicProperties & { readonly headers?: Record<string, unknown> | undefined }
}

/** AMQP's basic properties, as amqplib decodes them. */
export interface BasicProperties {
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly deliveryMode?: number | undefined
  readonly priority?: number | undefined
  readonly correlationId?: string | undefined
  readonly replyTo?: string | undefined
  readonly expiration?: string | undefined
  readonly messageId?: string | undefined
  readonly timestamp?: number | undefined
  readonly type?: string | undefined
  readonly userId?: string | undefined
  readonly appId?: string | undefined
  readonly clusterId?: string | undefined
}

export interface PublishOptions {
  readonly mandatory: true
  readonly deliveryMode: 2
  readonly headers: object
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly priority?: number
  readonly correlationId?: string
  readonly replyTo?: string
  readonly messageId?: string
  readonly timestamp?: number
  readonly type?: string
  readonly appId?: string
}

/** AMQP's reply code of an error, where it has one (404: no such queue, 406: its arguments differ). */
export function replyCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'number' ? error.code : undefined
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
