import { publishedSchema } from '../../packages/server/src/config/index.ts'

export const schemaFile = 'packages/server/redrive.schema.json'

export function schemaText(): string {
  return `${JSON.stringify(publishedSchema(), null, 2)}\n`
}
