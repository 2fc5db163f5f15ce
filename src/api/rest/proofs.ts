import { Type } from 'typebox'

// What people prove with who they are.

/** Twelve characters, and an end so that hashing stays bounded. */
export const Password = Type.String({ minLength: 12, maxLength: 256 })

/** One to be compared: if it is too short to be one, it is wrong, not malformed. */
export const GivenPassword = Type.String({ maxLength: 256 })

/** Of the authenticator app, or a recovery code with its dashes. */
export const Code = Type.String({ minLength: 6, maxLength: 32 })
