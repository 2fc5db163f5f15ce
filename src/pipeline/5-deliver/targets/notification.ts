import type { RecordedEvent } from '#src/model/event.ts'
import type { TargetKind } from '../dispatcher.ts'

/** Attempts end in a flush of the store, which they share. */
const ATTEMPTS_PER_TARGET_MAX = 256

/** Takes an alert in for a notification; resolves when it is durable. */
export type TakeAlert = (
  notificationId: string,
  event: Pick<RecordedEvent, 'json'>,
) => Promise<void>

/** The target of a notification's rule: people are told of the event, in their time. */
export function createNotificationTarget(
  take: TakeAlert,
  notificationOf: (arn: string) => string | undefined,
): TargetKind {
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async ({ target: { arn } }, event) => {
      try {
        await take(notificationOf(arn) ?? arn, event)
        return { kind: 'success' }
      } catch (error) {
        const { message } = error as Error
        return { kind: 'retryable', error: { code: 'INTERNAL_ERROR', message } }
      }
    },
  }
}
