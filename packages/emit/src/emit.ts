/** Publishes tenancy events to a Belfry hub: `belfry/emit`. */
export { createEmitter } from './emitter.ts'
export type { EmitOptions, Emitter, EventName } from './emitter.ts'
export { EmitFault } from './emit-fault.ts'
export type { EmitterOptions } from './options.ts'
export type * from './tenancy-events.ts'
