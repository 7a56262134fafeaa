/** SQL: who owns a cause `c` of queue `q` that has no owner of its own: the owner of its tier, else of the queue; `null` when nobody is said to. */
export const queueOwner = `coalesce(
  (select value from queue_says where queue = q.name and field = 'tiers.' || c.tier || '.owner'),
  (select value from queue_says where queue = q.name and field = 'owner'))`
