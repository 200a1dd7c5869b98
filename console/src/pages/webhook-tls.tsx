import type { Webhook } from '../api/client'
import { Field, useErrorOf } from '../ui/kit'

/** Whom a webhook's connections trust and which certificate they show, as PEM; empty is the server's. */
export type Tls = { ca: string; clientCertificate: string; clientKey: string }

export const tlsLabels = {
  ca: 'Trusted authorities',
  clientCertificate: 'Client certificate',
  clientKey: 'Client key',
}

const mask = '••••••'

export const noTls: Tls = { ca: '', clientCertificate: '', clientKey: '' }

export const tlsOf = ({ tls }: Webhook): Tls => ({
  ca: tls?.ca ?? '',
  clientCertificate: tls?.client_certificate ?? '',
  clientKey: tls?.client_key ?? '',
})

/** As the API takes it. */
export function tlsBody({ ca, clientCertificate, clientKey }: Tls) {
  if (!ca && !clientCertificate && !clientKey) return null
  return {
    ...(ca && { ca }),
    ...(clientCertificate && { client_certificate: clientCertificate }),
    ...(clientKey && { client_key: clientKey }),
  }
}

function Pem({
  label,
  value,
  onChange,
  hint,
  error,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  hint: string
  error?: string
}) {
  const shown = useErrorOf(error, value)
  const isKept = value === mask
  return (
    <Field
      label={label}
      error={shown}
      hint={isKept ? 'Stays as it is. Paste over it for another, empty it for none.' : hint}
    >
      {(ids) => (
        <textarea
          {...ids}
          className="field font-mono !text-[12px]"
          rows={isKept || !value ? 2 : 6}
          spellCheck={false}
          autoComplete="off"
          placeholder="-----BEGIN …"
          value={value}
          onFocus={(event) => isKept && event.target.select()}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

export function TlsFields({
  value,
  onChange,
  error,
}: {
  value: Tls
  onChange: (changed: Partial<Tls>) => void
  error: (name: string) => string | undefined
}) {
  // What is wrong with the whole stands at its first field, unless it is one of the others.
  const ofOthers = error('tls/client_certificate') ?? error('tls/client_key')
  return (
    <>
      <Pem
        label="Trusted authorities"
        value={value.ca}
        onChange={(ca) => onChange({ ca })}
        hint="PEM, for a receiver whose certificate is of a private authority. Empty: the server’s."
        error={error('tls/ca') ?? (ofOthers ? undefined : error('tls'))}
      />
      <Pem
        label="Client certificate"
        value={value.clientCertificate}
        onChange={(clientCertificate) => onChange({ clientCertificate })}
        hint="PEM, for a receiver that asks for one (mutual TLS); its issuers behind it."
        error={error('tls/client_certificate')}
      />
      <Pem
        label="Client key"
        value={value.clientKey}
        onChange={(clientKey) => onChange({ clientKey })}
        hint="PEM of the certificate’s key, without a passphrase."
        error={error('tls/client_key')}
      />
    </>
  )
}
