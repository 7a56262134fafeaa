/**
 * Locks of the database by which processes take turns, each with a number of its own: two kinds of work that shared one would wait for each other.
 * Any numbers do, as long as all offices of a database have the same.
 */
export const advisoryLocks = {
  migrate: 0x7ed21e02,
  changeManyLetters: 0x7ed21e03,
  followCauses: 0x7ed21e04,
  endLetters: 0x7ed21e05,
  makePartitions: 0x7ed21e06,
  lookForAlerts: 0x7ed21e07,
  upkeep: 0x7ed21e0b,
  documentQueues: 0x7ed21e0d,
  causeRules: 0x7ed21e11,
  regroup: 0x7ed21e12,
} as const
