import { RestError } from '#src/errors.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { USERS } from '#src/tenancy/documents.ts'
import { DEFAULT_SEGMENTS } from './audiences.ts'
import type { DefaultSegment } from './audiences.ts'

/** What users are told by e-mail is narrowed to a segment of a view, where one is set. */
export interface DefaultSegments {
  get(caller: Principal, userId: string): Promise<DefaultSegment>
  /** @throws RestError 404 for a user, view or segment that is not there */
  set(caller: Principal, userId: string, segment: DefaultSegment): Promise<DefaultSegment>
  remove(caller: Principal, userId: string): Promise<void>
}

export interface DefaultSegmentPorts {
  readonly state: State
  readonly actions: Actions
  readonly hasView: (organisationId: string, viewId: string, segmentId?: string) => Promise<boolean>
}

export function createDefaultSegments(ports: DefaultSegmentPorts): DefaultSegments {
  const { state, actions, hasView } = ports
  return {
    get: async (caller, userId) => {
      await organisationIdOf(state, caller, userId)
      const segment = await state.get(DEFAULT_SEGMENTS, userId)
      if (segment === undefined) throw none()
      return segment
    },
    set: (caller, userId, segment) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const organisationId = await organisationIdOf(transaction, caller, userId)
        const { viewId, segmentId } = segment
        if (!(await hasView(organisationId, viewId, segmentId))) {
          const message = `there is no view "${viewId}" with a segment "${segmentId}"`
          throw new RestError(404, 'view.not-found', message)
        }
        tell('UserUpdateEvent', happening(organisationId, userId))
        transaction.put(DEFAULT_SEGMENTS, userId, segment)
        return segment
      }),
    remove: (caller, userId) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const organisationId = await organisationIdOf(transaction, caller, userId)
        if ((await transaction.get(DEFAULT_SEGMENTS, userId)) === undefined) throw none()
        tell('UserUpdateEvent', happening(organisationId, userId))
        transaction.delete(DEFAULT_SEGMENTS, userId)
      }),
  }
}

function happening(organisationId: string, userID: string) {
  return { organisationId, fields: { userID, changed: ['defaultSegment'] } }
}

async function organisationIdOf(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  userId: string,
): Promise<string> {
  const user = await from.get(USERS, userId)
  const { organisationId } = user ?? {}
  if (organisationId !== undefined && reaches(caller, organisationId)) return organisationId
  throw new RestError(404, 'user.not-found', `there is no user "${userId}" of an organisation`)
}

function none(): RestError {
  return new RestError(404, 'default-segment.not-found', 'the user has no default segment')
}
