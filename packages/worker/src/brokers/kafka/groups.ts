const startedSuffix = '.started'

/**
 * The consumer group of a consumer at a place: `<consumer>.<place>`. One group per topic, because a group is rebalanced as a whole:
 * with one for all, each lane that is opened or closed would stop the source, and clients assign topics to members that did not ask for them.
 */
export function groupOf(consumer: string, place: string): string {
  return `${consumer}.${place}`
}

/** The consumer behind a group, or the group's own name when it is not one of ours; `null` for a group that only holds start marks. */
export function consumerOf(group: string, place: string): string | null {
  if (group.endsWith(startedSuffix)) return null
  const suffix = `.${place}`
  return group.endsWith(suffix) && group.length > suffix.length ? group.slice(0, -suffix.length) : group
}

/** The group whose committed offsets are start marks, for clients that cannot write commit metadata. */
export function startedGroupOf(group: string): string {
  return group + startedSuffix
}
