import { parseManifest, sha256Of } from './manifest.ts'
import type { Manifest } from './manifest.ts'

/** What the walk down a chain knows of the manifest that comes next. */
export interface Link {
  /** Undefined: what would tell is missing or damaged, which has been reported by itself. */
  readonly expected?: string | null
  /** Who says so. */
  readonly by: string
}

export interface JudgedManifest {
  readonly manifest?: Manifest
  readonly problem?: {
    readonly kind: 'manifest-missing' | 'manifest-changed'
    readonly message: string
  }
  /** For the manifest before this one. */
  readonly link: Link
}

/** Judges one manifest by the one after it. */
export function judgeManifest(
  bytes: Uint8Array | 'missing' | 'too-large',
  at: { readonly sequence: number; readonly organisationId: string; readonly link: Link },
): JudgedManifest {
  const { sequence, organisationId, link } = at
  const by = `manifest ${sequence}`
  if (bytes === 'missing') {
    const message = `it is gone, though ${link.by} says that it was written; what it listed cannot be checked`
    return { problem: { kind: 'manifest-missing', message }, link: { by } }
  }
  const changed = (message: string, kept: Partial<JudgedManifest> = {}): JudgedManifest => ({
    problem: { kind: 'manifest-changed', message },
    link: { by },
    ...kept,
  })
  const manifest = bytes === 'too-large' ? undefined : parseManifest(bytes)
  if (manifest === undefined || bytes === 'too-large')
    return changed('it is not a manifest any more; what it listed cannot be checked')
  if (manifest.sequence !== sequence || manifest.organisation !== organisationId) {
    const { sequence: other, organisation } = manifest
    return changed(`it is manifest ${other} of organisation "${organisation}", in another's place`)
  }
  const next = { manifest, link: { expected: manifest.previous, by } }
  if (link.expected !== undefined && link.expected !== sha256Of(bytes)) {
    return changed(`its hash is not the one that ${link.by} holds`, next)
  }
  if ((sequence === 1) !== (manifest.previous === null)) {
    return changed('it names the wrong manifest as the one before it', { manifest })
  }
  return next
}
