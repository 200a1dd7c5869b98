import {
  Combobox,
  ComboboxInput,
  ComboboxOption,
  ComboboxOptions,
  Dialog,
  DialogBackdrop,
  DialogPanel,
} from '@headlessui/react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useState } from 'react'

import {
  type Client,
  get,
  type Page,
  type PostriderEvent,
  query,
  realmPath,
  type Role,
  type User,
  type Webhook,
} from './api/client'
import { useGroups } from './navigation'
import { matchingPage, useEventTypes, useRealm } from './queries'
import { useSession } from './session'
import { Icon, type IconName } from './ui/icons'

type Entry = { label: string; kind: string; icon: IconName; path: string }

const actions: (Entry & { needs: string })[] = [
  ['Create a webhook', 'manage_webhooks', 'plus', '/webhooks/new'],
  ['Publish an event', 'publish_events', 'send', '/events?publish=1'],
  ['Create an event type', 'manage_webhooks', 'plus', '/catalogue/new'],
  ['Create a user', 'manage_users', 'plus', '/users/new'],
  ['Create a role', 'manage_roles', 'plus', '/roles/new'],
  ['Create a client', 'manage_clients', 'plus', '/clients/new'],
  ['Create an API key', 'manage_api_keys', 'plus', '/api-keys?create=1'],
  ['Create a realm', 'manage_realms', 'plus', '/realms?create=1'],
  ['Failed deliveries', 'view_events', 'cross', '/deliveries?state=failed'],
].map(([label, needs, icon, path]) => ({
  label: label!,
  needs: needs!,
  icon: icon as IconName,
  path: path!,
  kind: icon === 'cross' ? 'Go to' : 'Do',
}))

const uuid = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i
type Named = { id: string; event?: string; name?: string; username?: string; client_id?: string }
/** What may have an id, and where its page is. */
const kinds: [kind: string, icon: IconName, list: string, page: (id: string) => string][] = [
  ['Webhook', 'hook', '/webhooks', (id) => `/webhooks/${id}`],
  ['Delivery', 'send', '/deliveries', (id) => `/deliveries?delivery=${id}`],
  ['Event', 'event', '/events', (id) => `/events/${id}`],
  ['User', 'user', '/users', (id) => `/users/${id}`],
  ['Role', 'shield', '/roles', (id) => `/roles/${id}`],
  ['Client', 'app', '/clients', (id) => `/clients/${id}`],
]
const none = () => undefined

/** What has this id: each kind is asked, for an id does not say of what it is. */
async function byId(realm: string, id: string, signal: AbortSignal): Promise<Entry[]> {
  const found = await Promise.all(
    kinds.map(async ([kind, icon, list, page]) => {
      const one = await get<Named>(realmPath(realm, `${list}/${id}`), signal).catch(none)
      if (!one) return undefined
      const name = one.username ?? one.client_id ?? one.name ?? one.event ?? ''
      return { label: name ? `${name} (${id.slice(0, 8)}…)` : id, kind, icon, path: page(id) }
    }),
  )
  const events = await get<Page<PostriderEvent>>(
    realmPath(realm, '/events') + query({ resource_id: id, limit: 1 }),
    signal,
  ).catch(none)
  const about: Entry[] = events?.items.length
    ? [{ label: id, kind: 'Events about it', icon: 'list', path: `/events?resource_id=${id}` }]
    : []
  return [...found.filter((each) => each !== undefined), ...about]
}

/** So many of a kind are enough to choose from. */
const found_max = 6

/** Users by their whole name or address, the others by a part of theirs. */
async function byName(realm: string, text: string, signal: AbortSignal): Promise<Entry[]> {
  const list = <T,>(path: string, filters: Record<string, string>) =>
    get<Page<T>>(realmPath(realm, path) + query({ ...filters, limit: 50 }), signal)
      .then((page) => page.items)
      .catch(() => [] as T[])
  const part = text.toLowerCase()
  const has = (...texts: (string | null)[]) =>
    texts.some((each) => each?.toLowerCase().includes(part))
  // Read on until there are enough: of thousands the older ones are found too.
  const some = <T,>(path: string, match: (one: T) => boolean) =>
    matchingPage<T>(realmPath(realm, path), {}, null, (one) => match(one as T), signal, found_max)
      .then((page) => page.items)
      .catch(() => [] as T[])
  const [named, addressed, clients, roles, webhooks] = await Promise.all([
    list<User>('/users', { username: text }),
    text.includes('@') ? list<User>('/users', { email: text }) : [],
    some<Client>('/clients', (client) => has(client.client_id, client.name)),
    some<Role>('/roles', (role) => has(role.name)),
    some<Webhook>('/webhooks', (webhook) => has(webhook.name, webhook.url)),
  ])
  return [...new Map([...named, ...addressed].map((user) => [user.id, user])).values()]
    .map<Entry>((user) => ({
      label: user.email ? `${user.username} (${user.email})` : user.username,
      kind: 'User',
      icon: 'user',
      path: `/users/${user.id}`,
    }))
    .concat(
      clients.map((client) => ({
        label: client.client_id,
        kind: 'Client',
        icon: 'app',
        path: `/clients/${client.id}`,
      })),
      webhooks.map((webhook) => ({
        label: webhook.name || webhook.url,
        kind: 'Webhook',
        icon: 'hook' as const,
        path: `/webhooks/${webhook.id}`,
      })),
      roles.map((role) => ({
        label: role.name,
        kind: 'Role',
        icon: 'shield' as const,
        path: `/roles/${role.id}`,
      })),
    )
}

/** What only the server knows. */
function useFound(text: string, open: boolean) {
  const realm = useRealm()
  const wanted = useDeferredValue(text.trim())
  return useQuery({
    queryKey: ['find', realm, wanted],
    enabled: open && wanted.length >= 3,
    retry: false,
    queryFn: ({ signal }) =>
      uuid.test(wanted) ? byId(realm, wanted.toLowerCase(), signal) : byName(realm, wanted, signal),
  })
}

export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const realm = useRealm()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const types = useEventTypes()
  const visible = useGroups()
  const { can } = useSession()
  const there = useFound(text, open)
  const entries = useMemo(() => {
    const found: Entry[] = [
      ...visible
        .flatMap((group) => group.pages)
        .map((page) => ({ label: page.label, kind: 'Go to', icon: page.icon, path: page.to })),
      ...actions.filter((each) => can(each.needs)),
      ...(types.data ?? []).map((each) => ({
        label: each.name,
        kind: 'Event type',
        icon: 'book' as const,
        path: `/catalogue?type=${encodeURIComponent(each.name)}`,
      })),
    ]
    const words = text.trim().toLowerCase().split(/\s+/)
    const here = found.filter((each) =>
      words.every((word) => `${each.kind} ${each.label}`.toLowerCase().includes(word)),
    )
    // What is here keeps its place when the server's answer comes: somebody may press Enter just then.
    return [...here.slice(0, 8), ...(there.data ?? [])].slice(0, 12)
  }, [text, types.data, there.data, visible, can])
  return (
    <Dialog open={open} onClose={onClose} className="relative z-50" aria-label="Command palette">
      <DialogBackdrop className="fixed inset-0 bg-black/40" />
      <div className="fixed inset-0 p-4 sm:pt-[14vh] flex justify-center items-start">
        <DialogPanel className="w-full max-w-xl card rounded-2xl shadow-float overflow-hidden">
          <Combobox<Entry | null>
            value={null}
            onChange={(entry) => {
              if (!entry) return
              setText('')
              // In the place of what was opened: "back" leads to the page before.
              void navigate({ href: `/console/${realm}${entry.path}`, replace: true })
            }}
          >
            <div className="flex items-center gap-3 px-4 border-b border-line">
              <Icon name="search" className="w-4 h-4 text-muted" />
              <ComboboxInput
                autoFocus
                aria-label="Search pages, webhooks, event types, users, or an id"
                placeholder="A page, a name, an e-mail address, or an id…"
                className="flex-1 h-12 bg-transparent outline-none focus-visible:ring-0 placeholder:text-muted"
                onChange={(event) => setText(event.target.value)}
              />
            </div>
            <ComboboxOptions static className="p-2 max-h-96 overflow-auto">
              {entries.map((entry) => (
                <ComboboxOption
                  key={entry.path}
                  value={entry}
                  className="flex items-center gap-3 px-3 h-10 rounded-lg cursor-pointer data-[focus]:bg-sunken"
                >
                  <Icon name={entry.icon} className="w-4 h-4 text-muted" />
                  <span className="flex-1 truncate">{entry.label}</span>
                  <span className="text-[12px] text-muted">{entry.kind}</span>
                </ComboboxOption>
              ))}
              {entries.length === 0 && (
                <p role="status" className="text-muted text-center py-8">
                  {there.isFetching
                    ? 'Looking…'
                    : there.isError
                      ? 'The server did not answer.'
                      : 'Nothing has that name or id.'}
                </p>
              )}
            </ComboboxOptions>
          </Combobox>
        </DialogPanel>
      </div>
    </Dialog>
  )
}
