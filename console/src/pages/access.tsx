import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import {
  call,
  realmPath,
  type ApiKey,
  type ApiKeyMade,
  type AuditEntry,
  type BrowserSession,
  type Permission,
} from '../api/client'
import { usePages, useRealm } from '../queries'
import { Confirm, Once, Rest, Text, useSave } from '../ui/form'
import { fullTime, shortId } from '../ui/format'
import { Go, Listing, Nothing, SpanFilter, useFilters, useSince } from '../ui/listing'
import { Badge, Button, Code, Field, Modal, PageHead, Time, useToast } from '../ui/kit'
import { Permissions, PermissionPicker } from './roles'

function RowId({ to, id }: { to: string; id: string }) {
  const realm = useRealm()
  return (
    <Go
      to={to}
      params={{ realm, id }}
      className="relative z-[1] text-accent hover:underline font-mono text-[12.5px]"
    >
      {shortId(id)}
    </Go>
  )
}

const lives = {
  '': 'until it is revoked',
  '1': 'for a day',
  '7': 'for 7 days',
  '30': 'for 30 days',
  '90': 'for 90 days',
  '365': 'for a year',
}

function CreateKey({ onClose }: { onClose: () => void }) {
  const realm = useRealm()
  const [name, setName] = useState('')
  const [life, setLife] = useState('90')
  const [permissions, setPermissions] = useState<Permission[]>([])
  const [made, setMade] = useState<ApiKeyMade | null>(null)
  const expires_at = () =>
    life ? new Date(Date.now() + Number(life) * 86_400_000).toISOString() : null
  const { save, busy, failed, field } = useSave(
    () =>
      call<ApiKeyMade>('POST', realmPath(realm, '/api-keys'), {
        body: { name, permissions, expires_at: expires_at() },
      }),
    ['api-keys'],
    setMade,
  )
  if (made) {
    return (
      <Once open title="API key created" label="API key" secret={made.key} onClose={onClose}>
        Programs send it as <code className="font-mono text-[12.5px]">Authorization: Bearer …</code>
        ; only its hash is kept.
      </Once>
    )
  }
  return (
    <Modal open onClose={onClose} title="Create an API key" wide>
      <form
        noValidate
        className="space-y-6"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <div className="grid sm:grid-cols-2 gap-5">
          <Text
            label="Name"
            autoFocus
            value={name}
            onChange={setName}
            error={field('name')}
            maxLength={200}
            hint="Who uses it, for the audit log."
          />
          <Field label="Valid" error={field('expires_at')}>
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={life}
                onChange={(event) => setLife(event.target.value)}
              >
                {Object.entries(lives).map(([days, label]) => (
                  <option key={days} value={days}>
                    {label}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <div>
          <h3 className="label">What it permits</h3>
          <p className="text-muted text-[13px] mb-4">You can give only what you have yourself.</p>
          <PermissionPicker chosen={permissions} onChange={setPermissions} />
        </div>
        <Rest of={failed} fields={['name', 'expires_at']} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" busy={busy}>
            Create key
          </Button>
        </div>
      </form>
    </Modal>
  )
}

export function ApiKeys() {
  const realm = useRealm()
  const toast = useToast()
  const search = useSearch({ strict: false }) as { create?: string }
  const set = useFilters()
  const list = usePages<ApiKey>(['api-keys', realm], realmPath(realm, '/api-keys'), {})
  const create = (
    <Button tone="primary" icon="plus" onClick={() => set({ create: '1' })}>
      Create API key
    </Button>
  )
  return (
    <>
      <PageHead
        title="API keys"
        lead="For programs. Each may do what its permissions say, in this realm."
        actions={create}
      />
      <Listing
        label="API keys"
        list={list}
        empty={
          <Nothing filtered={false} title="No API keys" action={create}>
            Create one for each program that talks to this realm.
          </Nothing>
        }
        columns={[
          {
            label: 'Name',
            cell: (key) => (
              <>
                <span className="font-medium break-words">{key.name}</span>
                <div className="text-[12px] text-muted font-mono">{shortId(key.id)}</div>
              </>
            ),
          },
          {
            label: 'Permissions',
            from: 'lg',
            cell: (key) => <Permissions names={key.permissions} />,
          },
          {
            label: 'Last used',
            from: 'sm',
            cell: (key) =>
              key.last_used_at ? (
                <span className="text-[13px]">
                  <Time at={key.last_used_at} />
                </span>
              ) : (
                <span className="text-muted text-[13px]">never</span>
              ),
          },
          {
            label: 'Expires',
            from: 'md',
            cell: (key) =>
              key.expires_at ? (
                <span className="text-[13px]">
                  <Time at={key.expires_at} />
                </span>
              ) : (
                <span className="text-muted text-[13px]">never</span>
              ),
          },
          {
            label: 'Actions',
            className: 'text-right',
            cell: (key) => (
              <Confirm
                button="Revoke"
                tone="quiet"
                aria-label={`Revoke ${key.name}`}
                title={`Revoke ${key.name}?`}
                action="Revoke"
                keys={['api-keys']}
                done={() => toast('The key is revoked.')}
                request={() => call('DELETE', realmPath(realm, `/api-keys/${key.id}`))}
              >
                <p>Whoever uses it gets 401 from now on. This cannot be undone.</p>
              </Confirm>
            ),
          },
        ]}
      />
      {search.create && <CreateKey onClose={() => set({ create: undefined })} />}
    </>
  )
}

/** "Firefox on Linux", as far as its user agent tells. */
function browserName(agent: string): string {
  const browser = /Edg\//.test(agent)
    ? 'Edge'
    : /Firefox\//.test(agent)
      ? 'Firefox'
      : /(Headless)?Chrom(e|ium)\//.test(agent)
        ? 'Chromium'
        : /Safari\//.test(agent)
          ? 'Safari'
          : agent.split('/')[0] || 'A program'
  const system = /Windows/.test(agent)
    ? 'Windows'
    : /Android/.test(agent)
      ? 'Android'
      : /iPhone|iPad/.test(agent)
        ? 'iOS'
        : /Mac OS/.test(agent)
          ? 'macOS'
          : /Linux/.test(agent)
            ? 'Linux'
            : ''
  return system ? `${browser} on ${system}` : browser
}

export function Sessions() {
  const realm = useRealm()
  const toast = useToast()
  const search = useSearch({ strict: false }) as { user_id?: string }
  const set = useFilters()
  const list = usePages<BrowserSession>(['sessions', realm], realmPath(realm, '/sessions'), {
    user_id: search.user_id,
  })
  return (
    <>
      <PageHead title="Sessions" lead="Who is logged in, and where." />
      <Listing
        label="Sessions"
        list={list}
        empty={
          <Nothing filtered={Boolean(search.user_id)} title="Nobody is logged in">
            Sessions appear here when users log in to the console.
          </Nothing>
        }
        filters={
          search.user_id && (
            <Button tone="quiet" icon="cross" onClick={() => set({ user_id: undefined })}>
              one user only
            </Button>
          )
        }
        columns={[
          {
            label: 'Browser',
            cell: (session) => (
              <>
                <span className="font-medium" title={session.user_agent}>
                  {browserName(session.user_agent)}
                </span>
                <div className="text-[12.5px] text-muted font-mono">{session.address}</div>
              </>
            ),
          },
          {
            label: 'User',
            from: 'md',
            cell: (session) => <RowId to="/$realm/users/$id" id={session.user_id} />,
          },
          {
            label: 'Last used',
            from: 'sm',
            cell: (session) => (
              <span className="text-[13px]">
                <Time at={session.last_used_at} />
              </span>
            ),
          },
          {
            label: 'Ends',
            from: 'md',
            cell: (session) => (
              <span className="text-[13px]">
                <Time at={session.expires_at} />
              </span>
            ),
          },
          {
            label: 'Actions',
            className: 'text-right',
            cell: (session) => (
              <Confirm
                button="End"
                tone="quiet"
                aria-label={`End the session of ${browserName(session.user_agent)}`}
                title="End this session?"
                action="End it"
                keys={['sessions']}
                done={() => toast('The session has ended.')}
                request={() => call('DELETE', realmPath(realm, `/sessions/${session.id}`))}
              >
                <p>
                  {browserName(session.user_agent)} at {session.address} has to log in again.
                </p>
              </Confirm>
            ),
          },
        ]}
      />
    </>
  )
}

const areas = [
  'user.*',
  'role.*',
  'client.*',
  'redirect_uri.*',
  'webhook.*',
  'realm.*',
  'api_key.*',
  'session.*',
  'delivery.*',
  'event_type.*',
]
/** Where an entry's resource can be looked at. */
const places: Record<string, string> = {
  user: 'users',
  role: 'roles',
  webhook: 'webhooks',
  event: 'events',
  client: 'clients',
}

function Detail({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
  return (
    <Modal open onClose={onClose} title={entry.action}>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-y-2 text-[13.5px] mb-4">
        <dt className="text-muted">When</dt>
        <dd>{fullTime(entry.time)}</dd>
        <dt className="text-muted">Who</dt>
        <dd className="break-all">
          {entry.actor.kind.replaceAll('_', ' ')}{' '}
          <span className="font-mono text-[12.5px]">{entry.actor.id}</span>
        </dd>
        <dt className="text-muted">What</dt>
        <dd className="font-mono text-[12.5px] break-all">{entry.resource_id}</dd>
      </dl>
      <Code label="detail" text={JSON.stringify(entry.detail, null, 2)} />
    </Modal>
  )
}

export function Audit() {
  const realm = useRealm()
  const search = useSearch({ strict: false }) as {
    action?: string
    actor_id?: string
    resource_id?: string
    since?: string
    entry?: string
  }
  const set = useFilters()
  const [resource, setResource] = useState(search.resource_id ?? '')
  const since = useSince(search.since)
  const list = usePages<AuditEntry>(['audit', realm], realmPath(realm, '/audit'), {
    action: search.action,
    actor_id: search.actor_id,
    resource_id: search.resource_id,
    since,
  })
  const filtered = Boolean(search.action ?? search.actor_id ?? search.resource_id ?? search.since)
  const chosen = list.data?.pages
    .flatMap((page) => page.items)
    .find((entry) => entry.id === search.entry)
  return (
    <>
      <PageHead
        title="Audit log"
        lead="Who changed what, and when; written together with the change."
      />
      <Listing
        label="Audit log"
        list={list}
        filters={
          <>
            <select
              aria-label="Action"
              className="field sm:!w-44"
              value={search.action ?? ''}
              onChange={(event) => set({ action: event.target.value || undefined })}
            >
              <option value="">Any action</option>
              {search.action && !areas.includes(search.action) && <option>{search.action}</option>}
              {areas.map((area) => (
                <option key={area}>{area}</option>
              ))}
            </select>
            <SpanFilter value={search.since} onChange={(since) => set({ since })} />
            <form
              role="search"
              className="min-w-0 w-full sm:w-72"
              onSubmit={(event) => {
                event.preventDefault()
                set({ resource_id: resource.trim() || undefined })
              }}
            >
              <input
                aria-label="Resource id"
                placeholder="Resource id, then Enter"
                className="field font-mono !text-[12.5px]"
                value={resource}
                onChange={(event) => setResource(event.target.value)}
              />
            </form>
            {search.actor_id && (
              <Button tone="quiet" icon="cross" onClick={() => set({ actor_id: undefined })}>
                by one actor only
              </Button>
            )}
            {search.resource_id && (
              <Button
                tone="quiet"
                icon="cross"
                onClick={() => {
                  setResource('')
                  set({ resource_id: undefined })
                }}
              >
                Clear
              </Button>
            )}
          </>
        }
        empty={
          <Nothing filtered={filtered} title="Nothing has been changed yet">
            Every change of webhooks, users, roles, clients and keys is written here.
          </Nothing>
        }
        columns={[
          {
            label: 'Action',
            cell: (entry) => (
              <button
                type="button"
                className="font-medium text-left break-all after:absolute after:inset-0"
                onClick={() => set({ entry: entry.id })}
              >
                {entry.action}
              </button>
            ),
          },
          {
            label: 'Who',
            from: 'sm',
            cell: (entry) => (
              <span className="flex flex-wrap items-center gap-x-2">
                <Badge tone="idle">{entry.actor.kind.replaceAll('_', ' ')}</Badge>
                <button
                  type="button"
                  className="relative z-[1] font-mono text-[12.5px] text-muted hover:text-ink hover:underline break-all text-left"
                  title="Only what they did"
                  onClick={() => set({ actor_id: entry.actor.id })}
                >
                  {entry.actor.id.length > 30 ? shortId(entry.actor.id) : entry.actor.id}
                </button>
              </span>
            ),
          },
          {
            label: 'What',
            from: 'md',
            cell: (entry) => {
              const place = places[entry.action.split('.')[0] ?? '']
              const id = (
                <span className="font-mono text-[12.5px]">
                  {entry.resource_id.length > 30 ? shortId(entry.resource_id) : entry.resource_id}
                </span>
              )
              return place &&
                !entry.action.endsWith('delete') &&
                /^[0-9a-f-]{36}$/.test(entry.resource_id) ? (
                <RowId to={`/$realm/${place}/$id`} id={entry.resource_id} />
              ) : (
                <span className="text-muted">{id}</span>
              )
            },
          },
          {
            label: 'When',
            className: 'text-right',
            cell: (entry) => (
              <span className="text-muted text-[13px]">
                <Time at={entry.time} />
              </span>
            ),
          },
        ]}
      />
      {chosen && <Detail entry={chosen} onClose={() => set({ entry: undefined })} />}
    </>
  )
}
