import {
  Combobox,
  ComboboxInput,
  ComboboxOption,
  ComboboxOptions,
  Dialog,
  DialogBackdrop,
  DialogPanel,
} from '@headlessui/react'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'

import { get, query, realmPath } from './api/client'
import { useQuery } from './asked'
import { useGroups } from './navigation'
import { useEventTypes, useRealm } from './queries'
import { useSession } from './session'
import { usePaused } from './ui/hooks'
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

/** What the server's search finds, and where its page is. */
type Found = {
  kind: string
  id: string | null
  name: string
  detail: string
  client_id?: string
}
type Kind = { label: string; icon: IconName; page: (found: Found) => string }
const kinds: Record<string, Kind> = {
  webhook: { label: 'Webhook', icon: 'hook', page: ({ id }) => `/webhooks/${id}` },
  user: { label: 'User', icon: 'user', page: ({ id }) => `/users/${id}` },
  client: { label: 'Client', icon: 'app', page: ({ id }) => `/clients/${id}` },
  role: {
    label: 'Role',
    icon: 'shield',
    page: ({ id, client_id }) => `${client_id ? `/clients/${client_id}` : ''}/roles/${id}`,
  },
  event_type: {
    label: 'Event type',
    icon: 'book',
    page: ({ name }) => `/catalogue?type=${encodeURIComponent(name)}`,
  },
  api_key: { label: 'API key', icon: 'key', page: () => '/api-keys' },
  redirect_uri: {
    label: 'Redirect URI',
    icon: 'app',
    page: ({ client_id }) => `/clients/${client_id}?tab=redirects`,
  },
  event: { label: 'Event', icon: 'event', page: ({ id }) => `/events/${id}` },
  delivery: { label: 'Delivery', icon: 'send', page: ({ id }) => `/deliveries?delivery=${id}` },
  operation: {
    label: 'Operation',
    icon: 'retry',
    page: ({ id }) => `/deliveries?do=operation&operation=${id}`,
  },
  resource: {
    label: 'Events about it',
    icon: 'list',
    page: ({ id }) => `/events?resource_id=${id}`,
  },
}

const entriesOf = (found: Found): Entry[] => {
  const kind = kinds[found.kind]
  if (!kind) return []
  const { name, detail, id } = found
  const said = [name, detail].filter(Boolean).join(' · ') || (id ?? '')
  return [{ label: said, kind: kind.label, icon: kind.icon, path: kind.page(found) }]
}

/** So many are enough to choose from. */
const found_max = 12
/** Shorter texts are in everything. */
const wanted_min = 2

/** What only the server knows; asked when somebody has stopped typing. */
function useFound(text: string, open: boolean) {
  const realm = useRealm()
  const wanted = usePaused(text.trim())
  const asked = useQuery({
    queryKey: ['find', realm, wanted],
    enabled: open && wanted.length >= wanted_min,
    retry: false,
    queryFn: async ({ signal }) => {
      const path = realmPath(realm, '/search') + query({ q: wanted, limit: found_max })
      return (await get<{ items: Found[] }>(path, signal)).items.flatMap(entriesOf)
    },
  })
  return { ...asked, wanted }
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
    const known = new Set(here.map((each) => each.path))
    // Nor is an answer to what was typed before shown as one to this.
    const answers = there.wanted === text.trim() ? (there.data ?? []) : []
    const others = answers.filter((each) => !known.has(each.path))
    return [...here.slice(0, 8), ...others].slice(0, 14)
  }, [text, types.data, there.data, there.wanted, visible, can])
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
                  {there.isFetching || there.wanted !== text.trim()
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
