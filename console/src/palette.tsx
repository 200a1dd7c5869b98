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

import { useGroups } from './navigation'
import { useEventTypes, useRealm, useWebhooks } from './queries'
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

export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  const realm = useRealm()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const webhooks = useWebhooks()
  const types = useEventTypes()
  const visible = useGroups()
  const { can } = useSession()
  const entries = useMemo(() => {
    const found: Entry[] = [
      ...visible
        .flatMap((group) => group.pages)
        .map((page) => ({ label: page.label, kind: 'Go to', icon: page.icon, path: page.to })),
      ...actions.filter((each) => can(each.needs)),
      ...(webhooks.data ?? []).map((each) => ({
        label: each.name || each.url,
        kind: 'Webhook',
        icon: 'hook' as const,
        path: `/webhooks/${each.id}`,
      })),
      ...(types.data ?? []).map((each) => ({
        label: each.name,
        kind: 'Event type',
        icon: 'book' as const,
        path: `/catalogue?type=${encodeURIComponent(each.name)}`,
      })),
    ]
    const words = text.trim().toLowerCase().split(/\s+/)
    const id = text.trim()
    if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id))
      found.unshift(
        { label: id, kind: 'Event', icon: 'event', path: `/events/${id}` },
        { label: id, kind: 'Delivery', icon: 'send', path: `/deliveries?delivery=${id}` },
        { label: id, kind: 'Events of resource', icon: 'list', path: `/events?resource_id=${id}` },
      )
    return found
      .filter((each) =>
        words.every((word) => `${each.kind} ${each.label}`.toLowerCase().includes(word)),
      )
      .slice(0, 12)
  }, [text, webhooks.data, types.data])
  return (
    <Dialog open={open} onClose={onClose} className="relative z-50" aria-label="Command palette">
      <DialogBackdrop className="fixed inset-0 bg-black/40" />
      <div className="fixed inset-0 p-4 sm:pt-[14vh] flex justify-center items-start">
        <DialogPanel className="w-full max-w-xl card rounded-2xl shadow-float overflow-hidden">
          <Combobox<Entry | null>
            value={null}
            onChange={(entry) => {
              if (!entry) return
              onClose()
              setText('')
              void navigate({ href: `/console/${realm}${entry.path}` })
            }}
          >
            <div className="flex items-center gap-3 px-4 border-b border-line">
              <Icon name="search" className="w-4 h-4 text-muted" />
              <ComboboxInput
                autoFocus
                aria-label="Search pages, webhooks, event types"
                placeholder="Search, or paste an id…"
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
                <p className="text-muted text-center py-8">Nothing has that name.</p>
              )}
            </ComboboxOptions>
          </Combobox>
        </DialogPanel>
      </div>
    </Dialog>
  )
}
