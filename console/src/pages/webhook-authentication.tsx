import type { Webhook } from '../api/client'
import { Choice, Text } from '../ui/form'

/** How a webhook's requests authenticate themselves; an empty type is not at all. */
export type Authentication = {
  authType: string
  username: string
  credential: string
  tokenUrl: string
  clientId: string
  scope: string
  audience: string
}

export const authenticationLabels = {
  authType: 'Authentication',
  username: 'User name',
  credential: 'Password, token or client secret',
  tokenUrl: 'Token URL',
  clientId: 'Client ID',
  scope: 'Scope',
  audience: 'Audience',
}

const mask = '••••••'

/** The member that is secret, by type. */
const secretOf = { basic: 'password', bearer: 'token', oauth2: 'client_secret' } as const

export const noAuthentication: Authentication = {
  authType: '',
  username: '',
  credential: '',
  tokenUrl: '',
  clientId: '',
  scope: '',
  audience: '',
}

export const authenticationOf = ({ authentication }: Webhook): Authentication =>
  authentication
    ? {
        authType: authentication.type,
        username: authentication.username ?? '',
        credential: mask,
        tokenUrl: authentication.token_url ?? '',
        clientId: authentication.client_id ?? '',
        scope: authentication.scope ?? '',
        audience: authentication.audience ?? '',
      }
    : noAuthentication

/** As the API takes it. */
export function authenticationBody(draft: Authentication) {
  const { authType, username, credential, tokenUrl, clientId, scope, audience } = draft
  if (authType === 'basic') return { type: authType, username, password: credential }
  if (authType === 'bearer') return { type: authType, token: credential }
  if (authType !== 'oauth2') return null
  return {
    type: authType,
    token_url: tokenUrl,
    client_id: clientId,
    client_secret: credential,
    ...(scope && { scope }),
    ...(audience && { audience }),
  }
}

const types: Record<string, { label: string; hint: string }> = {
  '': { label: 'none', hint: 'The signature alone says who sends it.' },
  basic: { label: 'User name and password', hint: 'HTTP Basic.' },
  bearer: { label: 'Bearer token', hint: 'One that does not change.' },
  oauth2: {
    label: 'OAuth 2',
    hint: 'Access tokens by client credentials, from a token endpoint.',
  },
}
const typeLabels = Object.fromEntries(
  Object.entries(types).map(([type, { label }]) => [type, label]),
)

export const authenticationName = (type: string) => types[type]?.label ?? type

export function AuthenticationFields({
  value,
  onChange,
  error,
}: {
  value: Authentication
  onChange: (changed: Partial<Authentication>) => void
  error: (name: string) => string | undefined
}) {
  const type = value.authType as keyof typeof secretOf
  const of = (name: string) => error(`authentication/${name}`)
  const secret = (label: string) => (
    <Text
      label={label}
      type="password"
      autoComplete="new-password"
      mono
      value={value.credential}
      onFocus={(event) => event.target.select()}
      onChange={(credential) => onChange({ credential })}
      hint={value.credential === mask ? 'Stays as it is. Type over it for another one.' : undefined}
      error={of(secretOf[type])}
    />
  )
  const text = (label: string, name: string, field: keyof Authentication, hint?: string) => (
    <Text
      label={label}
      autoComplete="off"
      spellCheck={false}
      value={value[field]}
      onChange={(typed) => onChange({ [field]: typed })}
      hint={hint}
      error={of(name)}
    />
  )
  return (
    <>
      <Choice
        label="Authentication"
        options={typeLabels}
        hint={types[value.authType]?.hint}
        error={of('type')}
        value={value.authType}
        onChange={(authType) => onChange({ authType, credential: '' })}
      />
      {type === 'basic' && (
        <>
          {text('User name', 'username', 'username')}
          {secret('Password')}
        </>
      )}
      {type === 'bearer' && secret('Token')}
      {type === 'oauth2' && (
        <>
          {text('Token URL', 'token_url', 'tokenUrl', 'https; a new one needs the secret again.')}
          {text('Client ID', 'client_id', 'clientId')}
          {secret('Client secret')}
          {text('Scope', 'scope', 'scope', 'Optional; words separated by spaces.')}
          {text('Audience', 'audience', 'audience', 'Optional; some servers want one.')}
        </>
      )}
    </>
  )
}
