/** Says on a terminal for how long something has been going on, once it takes longer than a moment. Gone when it is over. */
export async function whileShown<T>(
  what: string,
  work: () => Promise<T>,
  { note = 'Ctrl-C cancels; nothing is kept then.' }: { readonly note?: string } = {},
): Promise<T> {
  if (process.stderr.isTTY !== true) return work()
  const startedMs = performance.now()
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000)
    process.stderr.write(`\r${what}: ${seconds} s. ${note}`)
  }, 1_000)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (performance.now() - startedMs > 900) process.stderr.write('\r\u001b[K')
  }
}
