import AjvCompiler from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { SerializerFactory } from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'

// Fastify's own compilers, set to work when a route is called for the first time: doing so for all
// routes took half of the hub's start.

/**
 * Validators of requests. Bodies are taken as they are written: `"5"` is no number, and null no
 * text. In a URL everything is text, which is read as what it stands for. A member that does not
 * exist is refused: dropped, it would look like a change that was made.
 */
export function lazyValidators(app: FastifyInstance): FastifySchemaCompiler<unknown> {
  const ajv = AjvCompiler()
  const compiler = (coerceTypes: 'array' | false) =>
    once(() => {
      // Faults bring their schema, whose words tell what would be right.
      const kept = { allErrors: true, removeAdditional: false, verbose: true } as const
      const customOptions = { ...kept, coerceTypes } as const
      return ajv(app.getSchemas() as Parameters<typeof ajv>[0], { customOptions })
    })
  const [ofBodies, ofUrls] = [compiler(false), compiler('array')]
  return (route) => {
    const compile = route.httpPart === 'body' ? ofBodies : ofUrls
    const validator = once(() => compile()(route as object))
    return (given: unknown) => {
      const validate = validator()
      return validate(given) === true || { error: validate.errors ?? [] }
    }
  }
}

/** Serializers of answers. */
export const buildLazySerializers: SerializerFactory = (...given) => {
  const build = SerializerSelector()(...given)
  return (route) => {
    const serializer = once(() => build(route))
    return (answer) => serializer()(answer)
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
