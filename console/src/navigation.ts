import { useSession } from './session'
import { type IconName } from './ui/icons'

type PageLink = { to: string; label: string; icon: IconName; needs?: string }

const groups: { label: string | null; pages: PageLink[] }[] = [
  {
    label: null,
    pages: [
      { to: '', label: 'Overview', icon: 'home', needs: 'view_events' },
      { to: '/webhooks', label: 'Webhooks', icon: 'hook', needs: 'view_webhooks' },
      { to: '/deliveries', label: 'Deliveries', icon: 'send', needs: 'view_events' },
      { to: '/events', label: 'Events', icon: 'event', needs: 'view_events' },
      { to: '/catalogue', label: 'Event catalogue', icon: 'book' },
    ],
  },
  {
    label: 'Directory',
    pages: [
      { to: '/users', label: 'Users', icon: 'users', needs: 'view_users' },
      { to: '/roles', label: 'Roles', icon: 'shield', needs: 'view_roles' },
      { to: '/clients', label: 'Clients', icon: 'app', needs: 'view_clients' },
      { to: '/realms', label: 'Realms', icon: 'layers', needs: 'view_realms' },
      { to: '/settings', label: 'Realm settings', icon: 'gear', needs: 'view_realms' },
    ],
  },
  {
    label: 'Access',
    pages: [
      { to: '/api-keys', label: 'API keys', icon: 'key', needs: 'view_api_keys' },
      { to: '/sessions', label: 'Sessions', icon: 'screen', needs: 'view_users' },
      { to: '/audit', label: 'Audit log', icon: 'list', needs: 'view_audit' },
    ],
  },
]

/** What who has logged in may look at. */
export function useGroups() {
  const { can } = useSession()
  return groups
    .map((group) => ({
      ...group,
      pages: group.pages.filter((page) => !page.needs || can(page.needs)),
    }))
    .filter((group) => group.pages.length > 0)
}
