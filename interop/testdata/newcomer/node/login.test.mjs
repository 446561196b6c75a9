// A device login with the AWS SDK for JavaScript, allowed and denied.
//
//   portico local run -- node --test
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { SSO } from '@aws-sdk/client-sso'
import { SSOOIDC } from '@aws-sdk/client-sso-oidc'

const oidc = new SSOOIDC({ region: 'us-east-1' })
const sso = new SSO({ region: 'us-east-1' })

async function login(decide) {
  const { clientId, clientSecret } = await oidc.registerClient({ clientName: 'my-tool', clientType: 'public' })
  const startUrl = 'https://d-1234567890.awsapps.com/start'
  const { deviceCode, userCode } = await oidc.startDeviceAuthorization({ clientId, clientSecret, startUrl })
  execFileSync('portico', ['local', decide, '--as', 'alice', userCode])
  const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
  return oidc.createToken({ clientId, clientSecret, deviceCode, grantType })
}

test('alice sees her accounts', async () => {
  const { accessToken } = await login('approve')
  const { accountList } = await sso.listAccounts({ accessToken })
  assert.deepEqual(accountList.map(a => a.accountName).sort(), ['dev', 'management', 'prod'])
})

test('a denied login is an AccessDeniedException', async () => {
  await assert.rejects(login('deny'), { name: 'AccessDeniedException' })
})
