import { AwsError } from '#src/errors.ts'
import type { HttpTargetParameters } from '#src/model/event-bus.ts'
import { isEventPath } from '#src/model/target-input/event-path.ts'
import { structure } from './operation.ts'
import { optional, string, textPattern } from './shapes.ts'

/** AWS's own also takes a comma, by mistake: no header can be sent that has one in its name. */
export const HEADER_NAME = string({
  max: 512,
  pattern: textPattern("^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$", /^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/),
})
export const HEADER_VALUE = string({
  max: 512,
  pattern: textPattern(
    String.raw`^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$`,
    /^\t*[\x20-\x7E][\t\x20-\x7E]*$/,
  ),
})
export const QUERY_NAME = string({ max: 512, pattern: textPattern(String.raw`[^\x00-\x1F\x7F]+`) })
export const QUERY_VALUE = string({
  max: 512,
  pattern: textPattern(String.raw`[^\x00-\x09\x0B\x0C\x0E-\x1F\x7F]+`),
})
const PATH_VALUE = string({ pattern: textPattern(String.raw`^(?!\s*$).+`) })

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
