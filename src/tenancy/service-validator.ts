import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Validator } from 'typebox/compile'

import { closedSchema } from '#src/model/closed-schema.ts'
import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import type { ServiceName } from '#src/model/service-configuration.ts'

const validators = new Map<ServiceName, Validator>()

/** Checks the configuration of a service, made when it is first asked for. */
export function validatorOf(service: ServiceName): Validator {
  const known = validators.get(service)
  if (known !== undefined) return known
  const validator = Compile(Type.Unsafe(closedSchema(SERVICE_CONFIGURATIONS[service].schema)))
  validators.set(service, validator)
  return validator
}
