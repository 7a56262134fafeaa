const prefix = 'redrive-started='
const pattern = /^redrive-started=(\d{1,19})$/

/** A start mark as the metadata of a commit: written together with the watermark, and fenced with it. */
export function metadataOfStart(started: bigint | null): string {
  return started === null ? '' : prefix + String(started)
}

/** @returns `null` for metadata of others, and none. Some clients leave a NUL at the end. */
export function startOfMetadata(metadata: string | null | undefined): bigint | null {
  const found = pattern.exec((metadata ?? '').replaceAll('\0', ''))
  return found?.[1] === undefined ? null : BigInt(found[1])
}
