import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'

import {
  ApiError,
  call,
  get,
  realmPath,
  type Secret,
  type UrlCheck,
  type Webhook,
} from '../api/client'
import { useRealm } from '../queries'
import { Button, Failure, Field, Modal, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { EventPicker } from './event-picker'
import { SecretView } from './webhook-secret'

type Row = { name: string; value: string }

type Draft = {
  name: string
  description: string
  url: string
  headers: Row[]
  events: string[]
  timeout: string
  retry: string
  inherit: boolean
}

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
      call<UrlCheck>('POST', realmPath(realm, '/webhooks/check'), { body: { url: settled } }),
  })
}

function Form({ start, existing }: { start: Draft; existing?: Webhook }) {
  const realm = useRealm()
  const navigate = useNavigate()
  const cache = useQueryClient()
  const [draft, setDraft] = useState(start)
  const [created, setCreated] = useState<(Webhook & Secret) | null>(null)
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }))
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
      }
      return existing
        ? call<Webhook & Secret>('PATCH', realmPath(realm, `/webhooks/${existing.id}`), {
            body,
            headers: { 'If-Match': `"${existing.version}"` },
          })
        : call<Webhook & Secret>('POST', realmPath(realm, '/webhooks'), { body })
    },
    onSuccess: async (webhook) => {
      await Promise.all([
        cache.invalidateQueries({ queryKey: ['webhooks'] }),
        cache.invalidateQueries({ queryKey: ['webhook'] }),
      ])
      if (webhook.secret || webhook.public_key) setCreated(webhook)
      else await navigate({ to: '/$realm/webhooks/$id', params: { realm, id: webhook.id } })
    },
  })
  const error = save.error instanceof ApiError ? save.error : null
  const shown = ['url', 'events', 'name', 'timeout', 'retry_schedule'].some((name) =>
    error?.field(name),
  )
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
        <Field label="Name" error={error?.field('name')}>
          {(ids) => (
            <input
              {...ids}
              className="field"
              maxLength={200}
              placeholder="Billing"
              value={draft.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label="Description">
          {(ids) => (
            <input
              {...ids}
              className="field"
              maxLength={2000}
              placeholder="What it is for"
              value={draft.description}
              onChange={(event) => set({ description: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field
        label="URL"
        error={
          error?.field('url') ??
          (draft.url && check.data && !check.data.ok ? check.data.detail : undefined)
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
      <fieldset>
        <legend className="label">Headers</legend>
        <div className="space-y-2">
          {draft.headers.map((row, index) => {
            const change = (next: Partial<Row>) =>
              set({
                headers: draft.headers.map((each, at) =>
                  at === index ? { ...each, ...next } : each,
                ),
              })
            return (
              <div key={index}>
                <div className="flex gap-2">
                  <input
                    aria-label={`Header ${index + 1} name`}
                    className="field font-mono text-[13px] min-w-0"
                    placeholder="Authorization"
                    value={row.name}
                    onChange={(event) => change({ name: event.target.value })}
                  />
                  <input
                    aria-label={`Header ${index + 1} value`}
                    className="field font-mono text-[13px] min-w-0"
                    placeholder="Bearer …"
                    value={row.value}
                    onFocus={(event) => event.target.select()}
                    onChange={(event) => change({ value: event.target.value })}
                  />
                  <Button
                    tone="quiet"
                    className="w-9 px-0"
                    icon="cross"
                    aria-label={`Remove header ${index + 1}`}
                    onClick={() => set({ headers: draft.headers.filter((_, at) => at !== index) })}
                  />
                </div>
                {error?.field(`headers/${row.name}`) && (
                  <p className="text-[13px] text-bad mt-1">{error.field(`headers/${row.name}`)}</p>
                )}
              </div>
            )
          })}
        </div>
        <Button
          tone="quiet"
          icon="plus"
          className="mt-1 -ml-3"
          onClick={() => set({ headers: [...draft.headers, { name: '', value: '' }] })}
        >
          Add header
        </Button>
      </fieldset>
      <details
        className="rounded-lg border border-line"
        open={Boolean(error?.field('timeout') || error?.field('retry_schedule')) || undefined}
      >
        <summary className="px-4 h-10 flex items-center cursor-pointer font-medium text-[13.5px] rounded-lg">
          Advanced: timeout and retries
        </summary>
        <div className="p-4 pt-2 grid sm:grid-cols-2 gap-5">
          <Field
            label="Timeout"
            hint="For one attempt in all, 100ms to 30s. Empty: the realm’s."
            error={error?.field('timeout')}
          >
            {(ids) => (
              <input
                {...ids}
                className="field"
                placeholder="15s"
                value={draft.timeout}
                onChange={(event) => set({ timeout: event.target.value })}
              />
            )}
          </Field>
          <Field
            label="Retry after"
            hint="Waits between attempts; empty: never again."
            error={error?.field('retry_schedule')}
          >
            {(ids) => (
              <input
                {...ids}
                className="field"
                disabled={draft.inherit}
                placeholder="5s, 5m, 30m, 2h"
                value={draft.inherit ? '' : draft.retry}
                onChange={(event) => set({ retry: event.target.value })}
              />
            )}
          </Field>
          <label className="flex items-center gap-2 text-[13px] sm:col-start-2">
            <input
              type="checkbox"
              className="accent-[rgb(var(--accent))]"
              checked={draft.inherit}
              onChange={(event) => set({ inherit: event.target.checked })}
            />
            Use the realm’s schedule (10 attempts in 3 days)
          </label>
        </div>
      </details>
      {save.isError && !shown && <Failure error={save.error} />}
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
        title={existing ? 'The secret has changed' : 'Webhook created'}
      >
        <p className="text-muted mb-4">
          {existing
            ? 'Its origin changed, so it has a new secret, and header values that you did not enter again are gone.'
            : 'This is its signing secret. Give it to your receiver.'}
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
  return (
    <>
      <PageHead
        title="Create webhook"
        lead="A URL of your application that gets the events you choose."
      />
      <Form
        start={{
          name: '',
          description: '',
          url: '',
          headers: [],
          events: [],
          timeout: '',
          retry: '',
          inherit: true,
        }}
      />
    </>
  )
}

export function EditWebhook() {
  const realm = useRealm()
  const { id } = useParams({ strict: false }) as { id: string }
  const webhook = useQuery({
    queryKey: ['webhook', realm, id],
    queryFn: () => get<Webhook>(realmPath(realm, `/webhooks/${id}`)),
  })
  if (webhook.isPending) return <Skeleton />
  if (webhook.isError)
    return <PageFailure error={webhook.error} retry={() => void webhook.refetch()} />
  const data = webhook.data
  return (
    <>
      <PageHead
        title={`Edit ${data.name || 'webhook'}`}
        lead="A new scheme, host or port also makes a new secret."
      />
      <Form
        existing={data}
        start={{
          name: data.name,
          description: data.description,
          url: data.url,
          events: data.events,
          timeout: data.timeout ?? '',
          headers: Object.entries(data.headers).map(([name, value]) => ({ name, value })),
          retry: data.retry_schedule?.join(', ') ?? '',
          inherit: data.retry_schedule === null,
        }}
      />
    </>
  )
}
