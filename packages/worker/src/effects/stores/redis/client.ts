/** A client of node-redis 4 or newer, single or cluster: the one member that is called. */
export interface NodeRedisLike {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A client of ioredis, single or cluster. */
export interface IoRedisLike {
  eval(script: string, keys: number, ...rest: string[]): Promise<unknown>
  /** Only ioredis has it. */
  call(command: string, ...rest: string[]): Promise<unknown>
}

export type RedisClientLike = NodeRedisLike | IoRedisLike
