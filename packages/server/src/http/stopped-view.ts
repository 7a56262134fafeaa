import { type RunView, showRun } from '../replay/index.ts'
import type { OfficeServices } from './route.ts'

/**
 * Waits until nothing of the run is on its way any more, so that who hears the answer knows that nothing is sent after it; at most 5 s.
 * @param run UUID of one that was stopped
 */
export async function stoppedView(office: OfficeServices, run: string): Promise<RunView> {
  office.wakeReplayer()
  const untilMs = office.clock.monotonic() + 5_000
  for (;;) {
    const view = await showRun(office.store, run)
    if (view.sends.intended === 0 || office.clock.monotonic() >= untilMs) return view
    await office.clock.sleep(25)
  }
}
