import { AwsError } from '#src/errors.ts'
import type { HttpTargetParameters } from '#src/model/event-bus.ts'
import { isEventPath } from '#src/model/target-input/event-path.ts'
import { structure } from './operation.ts'
import { optional, string } from './shapes.ts'

export const HEADER_NAME = string({ max: 512, pattern: /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/ })
/** AWS's own pattern accepts the same; it takes exponential time on some texts. */
export const HEADER_VALUE = string({ max: 512, pattern: /^\t*[\x20-\x7E][\t\x20-\x7E]*$/ })
// oxlint-disable-next-line no-control-regex -- control characters are what it refuses
export const QUERY_NAME = string({ max: 512, pattern: /^[^\x00-\x1F\x7F]+$/ })
export const QUERY_VALUE = string({
  max: 512,
  // oxlint-disable-next-line no-control-regex -- control characters are what it refuses
  pattern: /^[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+$/,
})
const PATH_VALUE = string({ pattern: /^(?!\s*$).+$/ })

/** What the requests to an API destination carry besides the target's input. */
export const TARGET_HTTP_PARAMETERS = structure({
  PathParameterValues: optional({ type: 'list', member: PATH_VALUE }),
  HeaderParameters: optional({ type: 'map', key: HEADER_NAME, value: HEADER_VALUE }),
  QueryStringParameters: optional({ type: 'map', key: QUERY_NAME, value: QUERY_VALUE }),
})

export interface WireHttpParameters {
  readonly PathParameterValues?: readonly string[]
  readonly HeaderParameters?: Readonly<Record<string, string>>
  readonly QueryStringParameters?: Readonly<Record<string, string>>
}

/** @throws AwsError ValidationException */
export function httpParametersFrom(
  targetId: string,
  { PathParameterValues, HeaderParameters, QueryStringParameters }: WireHttpParameters,
): HttpTargetParameters {
  const http = {
    path: PathParameterValues ?? [],
    header: HeaderParameters ?? {},
    query: QueryStringParameters ?? {},
  }
  const values = [...http.path, ...Object.values(http.header), ...Object.values(http.query)]
  const broken = values.find((value) => /^\$[.[]/.test(value) && !isEventPath(value))
  if (broken === undefined) return http
  throw new AwsError(
    'ValidationException',
    `Parameter HttpParameters for target ${targetId} is not valid. Reason: "${broken}" is no path such as $.detail.name or $.resources[0].`,
  )
}

export function wireHttpParameters({
  path,
  header,
  query,
}: HttpTargetParameters): WireHttpParameters {
  return {
    ...(path.length > 0 && { PathParameterValues: path }),
    ...(Object.keys(header).length > 0 && { HeaderParameters: header }),
    ...(Object.keys(query).length > 0 && { QueryStringParameters: query }),
  }
}
