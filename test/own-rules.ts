/** What passes the rule of `OWN_RULES`. */
export const PASSES =
  "pass: [{ resourceType: 'AWS::S3::Bucket', configuration: { encrypted: true } }]"

/** A bundle of one rule, as users write them. */
export const OWN_RULES = `
bundle: buckets
version: 1.0.0
rules:
  - id: encrypted
    title: Buckets are encrypted
    severity: HIGH
    appliesTo: { resourceType: ['AWS::S3::Bucket'] }
    assert: resource.configuration.encrypted
    message: '\${resourceId} is not encrypted.'
    examples:
      ${PASSES}
      fail: [{ resourceType: 'AWS::S3::Bucket', configuration: { encrypted: false } }]
`
