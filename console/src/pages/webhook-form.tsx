import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'

import {
  ApiError,
  call,
  realmPath,
  type Secret,
  type Webhook,
  type WebhookCheck,
} from '../api/client'
import { useQuery } from '../asked'
import { useRealm, useWebhook } from '../queries'
import { ConflictNotice } from '../ui/conflict'
import { Check, Choice, Rest, Text, useDraft, useFocusInvalid } from '../ui/form'
import { withTexts } from '../ui/format'
import { Icon } from '../ui/icons'
import { Button, Field, Modal, PageFailure, PageHead, Skeleton, useErrorOf } from '../ui/kit'
import { Unsaved } from '../ui/leaving'
import { isLost } from '../ui/stale'
import { EventPicker } from './event-picker'
import { FilterBuilder } from './filter-builder'
import { type HeaderRow, HeaderRows } from './header-rows'
import {
  type Authentication,
  AuthenticationFields,
  authenticationBody,
  authenticationLabels,
  authenticationOf,
  noAuthentication,
} from './webhook-authentication'
import {
  bodyOf,
  ControlFields,
  type Controls,
  controlFields,
  controlLabels,
  controlsOf,
  noControls,
} from './webhook-controls'
import { SecretView } from './webhook-secret'
import { noTls, type Tls, TlsFields, tlsBody, tlsLabels, tlsOf } from './webhook-tls'

const fields = [
  'name',
  'description',
  'url',
  'events',
  'headers',
  'timeout',
  'retry_schedule',
  'signing',
  'authentication',
  'tls',
  ...controlFields,
]

const signings: Record<string, { label: string; hint: string }> = {
  v1: { label: 'HMAC-SHA256 (v1)', hint: 'With a secret that both sides have.' },
  v1a: { label: 'ed25519 (v1a)', hint: 'With a public key: the receiver has nothing to hide.' },
  'v1 v1a': { label: 'both', hint: 'For a receiver that changes from one to the other.' },
  ferriskey: { label: 'FerrisKey', hint: 'For a receiver that verifies FerrisKey’s headers.' },
  'ferriskey v1': {
    label: 'FerrisKey and v1',
    hint: 'For a receiver that changes from FerrisKey’s headers to v1.',
  },
}
const signingLabels = Object.fromEntries(
  Object.entries(signings).map(([words, { label }]) => [words, label]),
)

type Draft = {
  name: string
  description: string
  url: string
  headers: HeaderRow[]
  events: string[]
  timeout: string
  retry: string
  inherit: boolean
  signing: string
} & Controls &
  Authentication &
  Tls

const origin = (url: string) => (URL.canParse(url) ? new URL(url).origin : url)

function useUrlCheck(url: string) {
  const realm = useRealm()
  const [settled, setSettled] = useState(url)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(url), 350)
    return () => clearTimeout(timer)
  }, [url])
  return useQuery({
    queryKey: ['check', realm, settled],
    enabled: settled.length > 0,
    retry: false,
    staleTime: 30_000,
    queryFn: () =>
      call<WebhookCheck>('POST', realmPath(realm, '/webhooks/check'), { body: { url: settled } }),
  })
}

const draftOf = (webhook: Webhook): Draft => ({
  name: webhook.name,
  description: webhook.description,
  url: webhook.url,
  events: webhook.events,
  timeout: webhook.timeout ?? '',
  headers: Object.entries(webhook.headers).map(([name, value]) => ({ name, value })),
  retry: webhook.retry_schedule?.join(', ') ?? '',
  inherit: webhook.retry_schedule === null,
  signing: [...webhook.signing].sort().join(' '),
  ...controlsOf(webhook),
  ...authenticationOf(webhook),
  ...tlsOf(webhook),
})
const labels = {
  retry: 'Retry after',
  inherit: 'Use the realm’s schedule',
  signing: 'Signature',
  url: 'URL',
  ...controlLabels,
  ...authenticationLabels,
  ...tlsLabels,
}
/** What a webhook that is not made yet begins with; it has no versions. */
type Start = { version: 0; start: Draft }

function Form({ resource }: { resource: Webhook | Start }) {
  const { base, draft, changed, conflict, set } = useDraft(resource, (from) =>
    'start' in from ? from.start : draftOf(from),
  )
  const existing = 'start' in base ? undefined : base
  const realm = useRealm()
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [created, setCreated] = useState<(Webhook & Secret) | null>(null)
  const check = useUrlCheck(draft.url)
  const schedule = draft.inherit ? null : draft.retry.split(/[\s,]+/).filter(Boolean)

  const save = useMutation({
    mutationFn: () => {
      const headers: Record<string, string | null> = {}
      for (const { name, value } of draft.headers) {
        if (name && existing?.headers[name] !== value) headers[name] = value
      }
      for (const name of Object.keys(existing?.headers ?? {})) {
        if (!draft.headers.some((each) => each.name === name)) headers[name] = null
      }
      const body = {
        name: draft.name,
        description: draft.description,
        url: draft.url,
        headers,
        events: draft.events,
        timeout: draft.timeout || null,
        retry_schedule: schedule,
        signing: draft.signing.split(' '),
        authentication: authenticationBody(draft),
        tls: tlsBody(draft),
        ...bodyOf(draft),
      }
      const text = withTexts(body, {
        filter: draft.filter,
        template: draft.format === 'template' ? draft.template : '',
      })
      return existing
        ? call<Webhook & Secret>('PATCH', realmPath(realm, `/webhooks/${existing.id}`), {
            text,
            headers: { 'If-Match': `"${existing.version}"` },
          })
        : call<Webhook & Secret>('POST', realmPath(realm, '/webhooks'), { text })
    },
    onSuccess: async (webhook) => {
      await Promise.all([
        cache.invalidateQueries({ queryKey: ['webhooks'] }),
        cache.invalidateQueries({ queryKey: ['webhook'] }),
      ])
      if (webhook.secret || webhook.public_key) setCreated(webhook)
      else await navigate({ to: '/$realm/webhooks/$id', params: { realm, id: webhook.id } })
    },
    onError: (error) => {
      // Somebody else has changed it: what they saved is shown beside what was typed.
      if (error instanceof ApiError && error.status === 412)
        void cache.invalidateQueries({ queryKey: ['webhook'] })
    },
  })
  useFocusInvalid(save.error)
  const error = save.error instanceof ApiError ? save.error : null
  // Of the URL that is typed now the live check says more than the answer to one before.
  const wrongUrl = useErrorOf(error?.field('url'), draft.url)
  const wrongAdvanced = error?.problem?.errors?.some(({ pointer }) =>
    ['timeout', 'retry_schedule', 'signing', 'authentication', 'tls', ...controlFields].some(
      (name) => pointer?.startsWith(`#/${name}`),
    ),
  )
  const moved = existing && origin(existing.url) !== origin(draft.url)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const done = () => {
    if (created) void navigate({ to: '/$realm/webhooks/$id', params: { realm, id: created.id } })
  }

  return (
    <form onSubmit={submit} className="card p-5 sm:p-7 max-w-3xl space-y-6" noValidate>
      <div className="grid sm:grid-cols-2 gap-5">
        <Text
          label="Name"
          maxLength={200}
          placeholder="Billing"
          value={draft.name}
          onChange={(name) => set({ name })}
          error={error?.field('name')}
        />
        <Text
          label="Description"
          maxLength={2000}
          placeholder="What it is for"
          value={draft.description}
          onChange={(description) => set({ description })}
          error={error?.field('description')}
        />
      </div>
      <Field
        label="URL"
        error={
          wrongUrl ?? (draft.url && check.data && !check.data.ok ? check.data.detail : undefined)
        }
        hint={
          draft.url && check.data?.ok
            ? 'Looks good. “Send test event” connects to it.'
            : 'Where events are POSTed.'
        }
      >
        {(ids) => (
          <input
            {...ids}
            className="field font-mono text-[13px]"
            type="url"
            placeholder="https://example.com/hooks"
            spellCheck={false}
            value={draft.url}
            onChange={(event) => set({ url: event.target.value })}
          />
        )}
      </Field>
      <EventPicker
        chosen={draft.events}
        onChange={(events) => set({ events })}
        error={error?.field('events')}
      />
      <HeaderRows
        rows={draft.headers}
        onChange={(headers) => set({ headers })}
        field={(name) => error?.field(name)}
      />
      <details className="group rounded-lg border border-line" open={wrongAdvanced || undefined}>
        <summary className="px-4 h-10 flex items-center justify-between gap-2 cursor-pointer font-medium text-[13.5px] rounded-lg">
          Advanced: filter, authentication, certificates, retries, signature, limits
          <Icon
            name="down"
            className="w-4 h-4 text-muted transition-transform group-open:rotate-180"
          />
        </summary>
        <div className="p-4 pt-2 grid sm:grid-cols-2 gap-5">
          <Text
            label="Timeout"
            placeholder="15s"
            value={draft.timeout}
            onChange={(timeout) => set({ timeout })}
            hint="For one attempt in all, 100ms to 30s. Empty: the realm’s."
            error={error?.field('timeout')}
          />
          <Choice
            label="Signature"
            options={signingLabels}
            other={(value) => value.replaceAll(' ', ', ')}
            hint={signings[draft.signing]?.hint}
            error={error?.field('signing')}
            value={draft.signing}
            onChange={(signing) => set({ signing })}
          />
          <FilterBuilder
            value={draft.filter}
            events={draft.events}
            onChange={(filter) => set({ filter })}
            error={error?.field('filter')}
          />
          <AuthenticationFields value={draft} onChange={set} error={(name) => error?.field(name)} />
          <TlsFields value={draft} onChange={set} error={(name) => error?.field(name)} />
          <ControlFields value={draft} onChange={set} error={(name) => error?.field(name)} />
          <div className="sm:col-span-2 space-y-3">
            <Text
              label="Retry after"
              disabled={draft.inherit}
              placeholder={draft.inherit ? 'the realm’s schedule' : '5s, 5m, 30m, 2h'}
              value={draft.inherit ? '' : draft.retry}
              onChange={(retry) => set({ retry })}
              hint="Waits between attempts; empty: one attempt and never again."
              error={error?.field('retry_schedule')}
            />
            <Check
              label="Use the realm’s schedule"
              hint="Unless its settings say otherwise: 10 attempts in 3 days."
              checked={draft.inherit}
              onChange={(inherit) => set({ inherit })}
            />
          </div>
        </div>
      </details>
      <Unsaved when={changed && !save.isPending && created === null} />
      {!save.isPending && created === null && (
        <ConflictNotice of={conflict} labels={labels} done={() => save.reset()} />
      )}
      <Rest of={save.error} fields={fields} />
      <div className="flex justify-end gap-2 pt-1">
        <Link
          to={existing ? '/$realm/webhooks/$id' : '/$realm/webhooks'}
          params={{ realm, id: existing?.id ?? '' } as never}
          className="inline-flex items-center h-9 px-3 rounded-lg text-muted hover:text-ink hover:bg-sunken font-medium text-[13.5px]"
        >
          Cancel
        </Link>
        <Button tone="primary" type="submit" busy={save.isPending}>
          {existing ? 'Save changes' : 'Create webhook'}
        </Button>
      </div>
      <Modal
        open={created !== null}
        onClose={done}
        title={
          !existing
            ? 'Webhook created'
            : moved
              ? 'The secret has changed'
              : 'The signature has changed'
        }
      >
        <p className="text-muted mb-4">
          {!existing
            ? 'This is what your receiver checks the signature with. Copy it now.'
            : moved
              ? 'Its origin changed, so it has a new secret, and header values that you did not enter again are gone.'
              : 'It signs in another way now: this is what your receiver checks the signature with.'}
        </p>
        {created && <SecretView secret={created} />}
        <div className="flex justify-end mt-6">
          <Button tone="primary" onClick={done}>
            Continue
          </Button>
        </div>
      </Modal>
    </form>
  )
}

export function NewWebhook() {
  const { event } = useSearch({ strict: false }) as { event?: string }
  const [start] = useState<Start>({
    version: 0,
    start: {
      name: '',
      description: '',
      url: '',
      headers: [],
      events: event ? [event] : [],
      timeout: '',
      retry: '',
      inherit: true,
      signing: 'v1',
      ...noControls,
      ...noAuthentication,
      ...noTls,
    },
  })
  return (
    <>
      <PageHead
        title="Create webhook"
        lead="A URL of your application that gets the events you choose."
      />
      <Form resource={start} />
    </>
  )
}

export function EditWebhook() {
  const { id } = useParams({ strict: false }) as { id: string }
  const webhook = useWebhook(id)
  if (webhook.isPending) return <Skeleton />
  if (isLost(webhook)) return <PageFailure error={webhook.error} retry={() => webhook.refetch()} />
  const data = webhook.data
  return (
    <>
      <PageHead
        title={`Edit ${data.name || 'webhook'}`}
        lead="A new scheme, host or port also makes a new secret."
      />
      <Form key={id} resource={data} />
    </>
  )
}
