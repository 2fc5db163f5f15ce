import { AwsError } from '#src/errors.ts'

/** Errors of the Schemas API, with its codes and statuses. */

export const badRequest = (message: string) => new AwsError('BadRequestException', message, 400)
export const conflict = (message: string) => new AwsError('ConflictException', message, 409)
export const forbidden = (message: string) => new AwsError('ForbiddenException', message, 403)
export const notFound = (message: string) => new AwsError('NotFoundException', message, 404)
export const preconditionFailed = (message: string) =>
  new AwsError('PreconditionFailedException', message, 412)
