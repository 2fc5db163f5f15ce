import type { FastifyReply, FastifyRequest } from 'fastify'

import { AwsError } from '#src/errors.ts'
import { authorize, awsErrorOf, bodyOf, callOf, parsedBody } from '../signed-call.ts'
import type { SignedCallPorts } from '../signed-call.ts'
import type { Operation, Operations } from './operation.ts'
import { checkInput } from './shapes.ts'

export interface FrontDoorPorts extends SignedCallPorts {
  readonly operations: Operations
}

export const JSON_1_1 = 'application/x-amz-json-1.1'
const SERVICE = 'events'
const TARGET_PREFIX = 'AWSEvents.'

/** EventBridge's AWS JSON 1.1 protocol: `POST /` with `X-Amz-Target: AWSEvents.<Operation>`. */
export function createFrontDoor(ports: FrontDoorPorts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    void reply.header('content-type', JSON_1_1).header('x-amzn-requestid', request.id)
    try {
      return JSON.stringify(await answer(ports, request))
    } catch (error) {
      const { code, status, message } = awsErrorOf(error, ports.onFault)
      void reply.code(status).header('x-amzn-errortype', code)
      return JSON.stringify({ __type: code, message })
    }
  }
}

async function answer(ports: FrontDoorPorts, request: FastifyRequest): Promise<object> {
  const call = await callOf(ports, request, SERVICE)
  const { operation, name } = operationOf(ports, request.headers['x-amz-target'])
  const contentType = request.headers['content-type'] ?? ''
  if (!contentType.startsWith(JSON_1_1)) {
    throw new AwsError(
      'SerializationException',
      `the content type must be "${JSON_1_1}", not "${contentType}"`,
    )
  }
  authorize(call, `${SERVICE}:${name}`, operation)
  const input = parsedBody(bodyOf(request))
  checkInput(operation.input, input)
  return operation.run(call, input)
}

function operationOf({ operations }: FrontDoorPorts, header: string | string[] | undefined) {
  const target = String(header ?? '')
  const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : ''
  if (!Object.hasOwn(operations, name)) {
    throw new AwsError(
      'UnknownOperationException',
      target === ''
        ? 'the X-Amz-Target header names no operation'
        : `the operation "${target}" is not supported`,
    )
  }
  return { operation: operations[name] as Operation, name }
}
