import type { EventFollower } from './event-follower.ts'
import type { HubProcess } from './hub-process.ts'

const TASK_ENDS_WITHIN_MS = 20_000

/** The first tenancy event of that name whose detail has these fields. */
export async function told(
  follower: EventFollower,
  name: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<any> {
  const [event] = await follower.waitFor(1, ({ data }) => {
    const { detail } = data.event
    if (detail.staxEventName !== name) return false
    return Object.entries(fields).every(([field, value]) => detail[field] === value)
  })
  return event?.data.event
}

/** A task once it has ended. */
export async function ended(hub: HubProcess, taskId: string): Promise<any> {
  const deadline = Date.now() + TASK_ENDS_WITHIN_MS
  for (;;) {
    const { body } = await hub.rest('GET', `/tasks/${taskId}`)
    if (body.endedAt !== undefined) return body
    if (Date.now() > deadline) throw new Error(`the task has not ended: ${JSON.stringify(body)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
