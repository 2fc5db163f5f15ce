import { patiently } from '#src/ports/patiently.ts'

interface Trying {
  readonly onFault: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Whether work was done: tried until it is, or once while the hub stops. */
export async function untilDone(
  work: () => Promise<unknown>,
  { onFault, signal }: Trying,
): Promise<boolean> {
  const working = async () => {
    await work()
    return true
  }
  if (!signal.aborted) return (await patiently(working, onFault, signal)) ?? false
  try {
    return await working()
  } catch (error) {
    onFault(error)
    return false
  }
}
