import type { Clock } from '@redrive/worker'
import type pg from 'pg'

/** A clock of one loop: it stands still, and whoever sleeps on it is woken by hand. */
export interface HeldClock extends Clock {
  /** Wakes whoever sleeps. */
  wake(): void
  /** Once the loop sleeps again. */
  asleep(): Promise<void>
}

/** @param now epoch milliseconds */
export function heldClock(now: () => number): HeldClock {
  let sleepers: (() => void)[] = []
  let fallen = Promise.withResolvers<void>()
  return {
    now,
    monotonic: now,
    sleep(_ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        signal?.addEventListener('abort', () => resolve(), { once: true })
        sleepers.push(resolve)
        fallen.resolve()
      })
    },
    wake() {
      const waking = sleepers
      sleepers = []
      fallen = Promise.withResolvers()
      for (const wake of waking) wake()
    },
    asleep: () => fallen.promise,
  }
}

const shadow = `
  create table redrive.trace_clock (at timestamptz not null);
  insert into redrive.trace_clock values ('epoch');
  create function redrive.now() returns timestamptz language sql stable as 'select at from redrive.trace_clock';
  create function redrive.clock_timestamp() returns timestamptz language sql volatile as 'select at from redrive.trace_clock';
  do $$ declare d record; begin
    for d in select a.attrelid::regclass as tbl, a.attname, pg_get_expr(f.adbin, f.adrelid) as expr
               from pg_attrdef f join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
               join pg_class c on c.oid = f.adrelid where c.relnamespace = 'redrive'::regnamespace
    loop
      if d.expr ~ '^(now|clock_timestamp)\\(\\)$' then
        execute format('alter table %s alter column %I set default redrive.%s', d.tbl, d.attname, d.expr);
      end if;
    end loop;
  end $$;`

const path = 'set search_path to redrive, pg_catalog'

/**
 * Gives a database the time of a trace: its functions that say the time are shadowed by ours, in statements and in the defaults of columns, so that all
 * that asks the database for the time is there. No connection may be in use.
 */
export async function setDatabaseTime(pool: pg.Pool): Promise<(ms: number) => Promise<void>> {
  await pool.query(shadow)
  const set = new WeakSet<pg.PoolClient>()
  // Before the first statement of whoever takes the connection, and after those of whoever opened it.
  pool.on('acquire', (client) => {
    if (set.has(client)) return
    set.add(client)
    void client.query(path)
  })
  return async (ms) => {
    await pool.query({
      name: 'set-trace-clock',
      text: 'update redrive.trace_clock set at = $1',
      values: [new Date(ms)],
    })
  }
}
