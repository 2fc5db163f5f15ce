import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { SerializerFactory } from '@fastify/fast-json-stringify-compiler'

/**
 * Fastify's own serializers, each built when its route answers for the first time: building those
 * of all routes took half of the hub's start.
 */
export const buildLazySerializers: SerializerFactory = (...given) => {
  const build = SerializerSelector()(...given)
  return (route) => {
    let serialize: ReturnType<typeof build> | undefined
    return (answer) => {
      serialize ??= build(route)
      return serialize(answer)
    }
  }
}
