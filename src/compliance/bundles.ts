import { RestError } from '#src/errors.ts'
import type { ComplianceBundle } from '#src/model/compliance-bundle.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Page } from '#src/model/page.ts'
import { pageOfAll } from '#src/model/page.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions, Step } from '#src/tenancy/actions.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import {
  BUNDLES_PER_ORGANISATION_MAX,
  BUNDLE_COUNT,
  ENABLED_BUNDLES,
  OWN_BUNDLES,
  WITHDRAWN_RULES,
  bundleKey,
  bundlePrefix,
  ruleIdOf,
  withdrawnKey,
} from './bundle-documents.ts'
import type { EnabledBundle } from './bundle-documents.ts'
import { parseBundle, parseStoredBundle } from './rules/bundle.ts'
import type { Bundle } from './rules/bundle.ts'
import { faultOfParameter } from './rules/parameters.ts'
import { RuleFault } from './rules/rule-fault.ts'
import { shippedBundles } from './rules/shipped.ts'
import { testedExamples, untestedRules } from './rules/test-bundle.ts'
import type { TestedExample } from './rules/test-bundle.ts'
import { createTurns } from './turns.ts'

/** An organisation, by its id; absent: the caller's. */
interface OfOrganisation {
  readonly organisationId?: string | undefined
}

export interface BundleSetting extends OfOrganisation {
  readonly enabled: boolean
  /** Ids of rules to leave out; absent: as before, or none. */
  readonly deselected?: readonly string[] | undefined
  /** Others than the bundle's own; absent: as before, or none. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
}

/** Bundles of rules: those that come with the hub, and an organisation's own. */
export interface Bundles {
  list(caller: Principal, asked: PageOfCaller & OfOrganisation): Promise<Page<ComplianceBundle>>
  get(caller: Principal, name: string, of: OfOrganisation): Promise<ComplianceBundle>
  /** Takes a file of rules whose examples are as said; of a name that is there, as its next version. */
  upload(
    caller: Principal,
    given: OfOrganisation & { readonly text: string },
  ): Promise<ComplianceBundle>
  /**
   * Enables a bundle in its newest version, with these settings, or disables it. Findings of rules
   * that are applied no more go.
   */
  set(caller: Principal, name: string, setting: BundleSetting): Promise<ComplianceBundle>
  /** Deletes one of the organisation's own that is not enabled. */
  remove(caller: Principal, name: string, of: OfOrganisation): Promise<void>
}

export interface BundlePorts {
  readonly state: State
  readonly actions: Actions
}

export function createBundles({ state, actions }: BundlePorts): Bundles {
  const idOf = async (from: Pick<StateTransaction, 'get'>, caller: Principal, of: OfOrganisation) =>
    (await organisationOf(from, caller, of.organisationId ?? caller.organisationId ?? '')).id
  return {
    list: async (caller, { organisationId: given, ...page }) => {
      const organisationId = await idOf(state, caller, { organisationId: given })
      const prefix = bundlePrefix(organisationId)
      const own = await state.list(OWN_BUNDLES, { prefix, limit: BUNDLES_PER_ORGANISATION_MAX })
      const names = [...shippedBundles().keys(), ...own.map(({ value }) => value.name)]
      const all = await Promise.all(names.map((name) => shownBy(state, organisationId, name)))
      return pageOfAll(all, ({ name }) => name, page)
    },
    get: async (caller, name, of) => shownBy(state, await idOf(state, caller, of), name),
    upload: async (caller, { text, ...of }) => {
      const bundle = checked(text)
      await checkExamples(bundle)
      const { bundle: name, version } = bundle.file
      return actions.perform(caller, async ({ transaction, tell }) => {
        const organisationId = await idOf(transaction, caller, of)
        const key = bundleKey(organisationId, name)
        const before = await transaction.get(OWN_BUNDLES, key)
        const verb = before === undefined ? 'Create' : 'Update'
        tell(`ComplianceBundle${verb}Event`, { organisationId, fields: { bundle: name, version } })
        if (shippedBundles().has(name)) throw nameTaken(name)
        if (before === undefined) await BUNDLE_COUNT.add(transaction, organisationId)
        else if (parseStoredBundle(before.text).file.version === version && before.text !== text) {
          throw versionTaken(name, version)
        }
        transaction.put(OWN_BUNDLES, key, { organisationId, name, text })
        return shownBy(transaction, organisationId, name)
      })
    },
    set: (caller, name, setting) =>
      actions.perform(caller, async (step) => {
        const organisationId = await idOf(step.transaction, caller, setting)
        await change(step, { organisationId, name }, setting)
        return shownBy(step.transaction, organisationId, name)
      }),
    remove: (caller, name, of) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const organisationId = await idOf(transaction, caller, of)
        const key = bundleKey(organisationId, name)
        const own = await transaction.get(OWN_BUNDLES, key)
        if (own === undefined)
          throw shippedBundles().has(name) ? shippedStays(name) : notFound(name)
        const { version } = parseStoredBundle(own.text).file
        tell('ComplianceBundleDeleteEvent', { organisationId, fields: { bundle: name, version } })
        if ((await transaction.get(ENABLED_BUNDLES, key)) !== undefined) throw stillEnabled(name)
        await BUNDLE_COUNT.remove(transaction, organisationId)
        transaction.delete(OWN_BUNDLES, key)
      }),
  }
}

async function change(
  { transaction, now, tell }: Step,
  place: { readonly organisationId: string; readonly name: string },
  setting: BundleSetting,
): Promise<void> {
  const { organisationId, name } = place
  const key = bundleKey(organisationId, name)
  const before = await transaction.get(ENABLED_BUNDLES, key)
  const newest = await newestOf(transaction, organisationId, name)
  const { file } = newest.bundle
  const { enabled } = setting
  const kept = keptOf(enabled ? before : undefined, file)
  const { deselected = kept.deselected, parameters = kept.parameters } = setting
  const fields = { bundle: name, version: file.version, deselected: [...deselected] }
  checkSetting(file, deselected, parameters)
  tell(`ComplianceBundle${enabled ? 'Enable' : 'Disable'}Event`, { organisationId, fields })
  const after: EnabledBundle = { ...place, text: newest.text, parameters, deselected, at: now }
  const typesBefore = before === undefined ? NO_TYPES : typesOf(before)
  const typesAfter = enabled ? typesOf(after) : NO_TYPES
  for (const rule of new Set([...typesBefore.keys(), ...typesAfter.keys()])) {
    const noteKey = withdrawnKey(organisationId, ruleIdOf(name, rule))
    const types = typesAfter.get(rule)
    const stays = types !== undefined && (typesBefore.get(rule) ?? types) === types
    // A note that is there already is written anew: what is under way by it looks at rules again.
    const isNoted = (await transaction.get(WITHDRAWN_RULES, noteKey)) !== undefined
    if (!stays || isNoted) transaction.put(WITHDRAWN_RULES, noteKey, now)
  }
  if (enabled) transaction.put(ENABLED_BUNDLES, key, after)
  else transaction.delete(ENABLED_BUNDLES, key)
}

/** What was set before, but what the newest version has no more. */
function keptOf(
  before: EnabledBundle | undefined,
  { rules, parameters: own = {} }: Bundle['file'],
): Pick<EnabledBundle, 'deselected' | 'parameters'> {
  const { deselected = [], parameters = {} } = before ?? {}
  return {
    deselected: deselected.filter((id) => rules.some((rule) => rule.id === id)),
    parameters: Object.fromEntries(
      Object.entries(parameters).filter(([name]) => Object.hasOwn(own, name)),
    ),
  }
}

const NO_TYPES: ReadonlyMap<string, string> = new Map()

/** The types of resources that each rule which is applied is about, by its id. */
function typesOf({ text, deselected }: EnabledBundle): ReadonlyMap<string, string> {
  const { rules } = parseStoredBundle(text).file
  return new Map(
    rules
      .filter(({ id }) => !deselected.includes(id))
      .map(({ id, appliesTo }) => [id, JSON.stringify(appliesTo?.['resourceType'] ?? null)]),
  )
}

function checkSetting(
  { bundle, rules, parameters: own = {} }: Bundle['file'],
  deselected: readonly string[],
  parameters: Readonly<Record<string, unknown>>,
): void {
  const rule = deselected.find((id) => rules.every((one) => one.id !== id))
  if (rule !== undefined) {
    throw new RestError(
      400,
      'compliance-bundle.unknown-rule',
      `the bundle "${bundle}" has no rule "${rule}": it has ${rules.map(({ id }) => id).join(', ')}`,
    )
  }
  const parameter = Object.keys(parameters).find((name) => !Object.hasOwn(own, name))
  if (parameter !== undefined) {
    throw new RestError(
      400,
      'compliance-bundle.unknown-parameter',
      `the bundle "${bundle}" has no parameter "${parameter}": it has ${Object.keys(own).join(', ') || 'none'}`,
    )
  }
  const fault = Object.entries(parameters)
    .map(([name, given]) => faultOfParameter(name, own[name], given))
    .find((one) => one !== undefined)
  if (fault !== undefined) {
    throw new RestError(400, 'compliance-bundle.bad-parameter', `the parameter ${fault}`)
  }
}

function checked(text: string): Bundle {
  try {
    return parseBundle(text)
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    throw new RestError(400, 'compliance-bundle.invalid', error.message)
  }
}

/** A rule that its own examples refute would be enabled and say what nobody means. */
async function checkExamples(bundle: Bundle): Promise<void> {
  const turns = createTurns()
  for (const example of testedExamples(bundle)) {
    if (!example.ok) throw exampleFails(example)
    await turns()
  }
}

async function newestOf(
  from: Pick<StateTransaction, 'get'>,
  organisationId: string,
  name: string,
): Promise<{ readonly text: string; readonly bundle: Bundle; readonly source: 'SHIPPED' | 'OWN' }> {
  const shipped = shippedBundles().get(name)
  if (shipped !== undefined) return { ...shipped, source: 'SHIPPED' }
  const own = await from.get(OWN_BUNDLES, bundleKey(organisationId, name))
  if (own === undefined) throw notFound(name)
  return { text: own.text, bundle: parseStoredBundle(own.text), source: 'OWN' }
}

async function shownBy(
  from: Pick<StateTransaction, 'get'>,
  organisationId: string,
  name: string,
): Promise<ComplianceBundle> {
  const { text, bundle, source } = await newestOf(from, organisationId, name)
  const { version, description, parameters = {}, rules } = bundle.file
  const enabled = await from.get(ENABLED_BUNDLES, bundleKey(organisationId, name))
  return {
    organisationId,
    name,
    version,
    source,
    parameters,
    ...(description !== undefined && { description }),
    rules: rules.map(({ id, title, severity }) => ({ id, title, severity })),
    untested: untestedRules(bundle.file),
    ...(enabled !== undefined && {
      enabled: {
        version: parseStoredBundle(enabled.text).file.version,
        parameters: enabled.parameters,
        deselected: [...enabled.deselected],
        at: enabled.at,
      },
    }),
    updateAvailable: enabled !== undefined && enabled.text !== text,
  }
}

function notFound(name: string): RestError {
  return new RestError(
    404,
    'compliance-bundle.not-found',
    `there is no bundle "${name}": with the hub come ${[...shippedBundles().keys()].join(', ')}, and others are to be uploaded first`,
  )
}

function exampleFails({ rule, expected, number, found = '' }: TestedExample): RestError {
  return new RestError(
    400,
    'compliance-bundle.example-fails',
    `rule "${rule}": example ${number} of ${expected}: ${found}: mend the rule or the example ("belfry compliance rules test" shows all that are not as said)`,
  )
}

function shippedStays(name: string): RestError {
  return new RestError(
    409,
    'compliance-bundle.shipped',
    `the bundle "${name}" comes with the hub and stays: disable it, and its rules check nothing`,
  )
}

function nameTaken(name: string): RestError {
  return new RestError(
    409,
    'compliance-bundle.name-taken',
    `the bundle "${name}" comes with the hub: give yours another name`,
  )
}

function versionTaken(name: string, version: string): RestError {
  return new RestError(
    409,
    'compliance-bundle.version-taken',
    `version ${version} of "${name}" is another file: give this one a new version`,
  )
}

function stillEnabled(name: string): RestError {
  return new RestError(
    409,
    'compliance-bundle.enabled',
    `the bundle "${name}" is enabled: disable it first`,
  )
}
