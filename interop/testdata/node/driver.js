// Drives the AWS SDK for JavaScript. See package interop.
import { createInterface } from 'node:readline'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'

const services = {
  'sso-oidc': [await import('@aws-sdk/client-sso-oidc'), 'SSOOIDCClient'],
  sso: [await import('@aws-sdk/client-sso'), 'SSOClient'],
  sts: [await import('@aws-sdk/client-sts'), 'STSClient'],
}

async function perform({ service, operation, input = {}, pages, profile, keys }) {
  const [sdk, name] = services[service]
  const config = { region: 'us-east-1' }
  if (keys) config.credentials = keys
  else if (profile) config.credentials = fromNodeProviderChain({ profile }) // the SDK's own providers
  const client = new sdk[name](config)
  try {
    if (!pages) return await client.send(new sdk[operation + 'Command'](input))
    const { maxResults: pageSize, ...rest } = input
    const all = []
    for await (const page of sdk['paginate' + operation]({ client, pageSize }, rest)) all.push(page)
    return all
  } catch (e) {
    e.typed = typeof sdk[e.name] === 'function' && e instanceof sdk[e.name]
    throw e
  } finally {
    client.destroy()
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    answer = { output: await perform(JSON.parse(line)) }
  } catch (e) {
    answer = { error: { code: e.name, error: e.error, message: e.message, status: e.$metadata?.httpStatusCode, typed: e.typed } }
  }
  console.log(JSON.stringify(answer))
}
