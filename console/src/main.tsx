import './styles.css'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  redirect,
  RouterProvider,
} from '@tanstack/react-router'
import { lazy, type ReactNode, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

import { ApiError } from './api/client'
import { cache } from './asked'
import { Session } from './session'
import { Shell } from './shell'
import { Empty, Failure } from './ui/kit'
import { whileAway } from './ui/stale'
import { Toasts } from './ui/toasts'

if (
  localStorage.getItem('theme') === 'dark' ||
  (!localStorage.getItem('theme') && matchMedia('(prefers-color-scheme: dark)').matches)
) {
  document.documentElement.classList.add('dark')
}

/** Filters in the address: every view has its own link. Unknown values are dropped. */
const names = [
  'state',
  'event',
  'resource_id',
  'since',
  'until',
  'delivery',
  'type',
  'publish',
  'event_id',
  'user_id',
  'tab',
  'create',
  'action',
  'actor_id',
  'entry',
  'attempt',
  'webhook',
  'find',
  'do',
  'operation',
  'status',
  'outcome',
  'slower',
  'code',
  'period',
] as const
type Search = Partial<Record<(typeof names)[number], string>>
function validateSearch(search: Record<string, unknown>): Search {
  return Object.fromEntries(
    names.flatMap((name) =>
      search[name] === undefined || search[name] === '' ? [] : [[name, String(search[name])]],
    ),
  )
}

const root = createRootRoute({
  errorComponent: ({ error, reset }) => (
    <div className="p-8">
      <Failure error={error} retry={reset} />
    </div>
  ),
  notFoundComponent: () => (
    <div className="p-8">
      <Empty title="There is no such page">
        <Link className="text-accent underline" to="/$realm" params={{ realm: 'master' }}>
          Go to the overview
        </Link>
      </Empty>
    </div>
  ),
})
const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/$realm', params: { realm: 'master' } })
  },
})
const realm = createRoute({
  getParentRoute: () => root,
  path: '/$realm',
  component: Shell,
  validateSearch,
})
/** Each page's code, by itself; the rest is fetched some seconds after the first page stands, so that a click needs no
    network and the first page waits for nothing. */
const chunks = {
  overview: () => import('./pages/overview'),
  webhooks: () => import('./pages/webhooks'),
  webhookForm: () => import('./pages/webhook-form'),
  webhook: () => import('./pages/webhook'),
  deliveries: () => import('./pages/deliveries'),
  events: () => import('./pages/events'),
  event: () => import('./pages/event'),
  users: () => import('./pages/users'),
  user: () => import('./pages/user'),
  roles: () => import('./pages/roles'),
  clients: () => import('./pages/clients'),
  client: () => import('./pages/client'),
  realms: () => import('./pages/realms'),
  apiKeys: () => import('./pages/api-keys'),
  sessions: () => import('./pages/sessions'),
  audit: () => import('./pages/audit'),
  eventTypeForm: () => import('./pages/event-type-form'),
  catalogue: () => import('./pages/catalogue'),
}
const preload_ms = 8000
addEventListener('load', () =>
  setTimeout(
    () => Object.values(chunks).forEach((load) => void load().catch(() => {})),
    preload_ms,
  ),
)
const chunk_retry_ms = 2000
/** Without a server a page's code is waited for: reloading would end in the browser's error page. With one it is an
    older version's code that is gone, and the router reloads. */
async function patiently<M>(load: () => Promise<M>): Promise<M> {
  for (;;) {
    try {
      return await load()
    } catch (error) {
      const there = await fetch('/healthz').then(
        (answer) => answer.ok,
        () => false,
      )
      if (there) throw error
      await whileAway(new Promise((done) => setTimeout(done, chunk_retry_ms)))
    }
  }
}
const page = <P extends string, M extends Record<string, unknown>>(
  path: P,
  load: () => Promise<M>,
  name: keyof M & string,
) =>
  createRoute({
    getParentRoute: () => realm,
    path,
    component: lazyRouteComponent(
      () => patiently(load as () => Promise<Record<string, () => ReactNode>>),
      name,
    ),
  })

const tree = root.addChildren([
  home,
  realm.addChildren([
    page('/', chunks.overview, 'Overview'),
    page('/webhooks', chunks.webhooks, 'Webhooks'),
    page('/webhooks/new', chunks.webhookForm, 'NewWebhook'),
    page('/webhooks/$id', chunks.webhook, 'WebhookPage'),
    page('/webhooks/$id/edit', chunks.webhookForm, 'EditWebhook'),
    page('/deliveries', chunks.deliveries, 'Deliveries'),
    page('/events', chunks.events, 'Events'),
    page('/events/$id', chunks.event, 'EventPage'),
    page('/users', chunks.users, 'Users'),
    page('/users/new', chunks.users, 'NewUser'),
    page('/users/$id', chunks.user, 'UserPage'),
    page('/roles', chunks.roles, 'Roles'),
    page('/roles/new', chunks.roles, 'NewRole'),
    page('/roles/$role', chunks.roles, 'RolePage'),
    page('/clients', chunks.clients, 'Clients'),
    page('/clients/new', chunks.clients, 'NewClient'),
    page('/clients/$id', chunks.client, 'ClientPage'),
    page('/clients/$id/roles/new', chunks.roles, 'NewRole'),
    page('/clients/$id/roles/$role', chunks.roles, 'RolePage'),
    page('/realms', chunks.realms, 'Realms'),
    page('/settings', chunks.realms, 'SettingsPage'),
    page('/api-keys', chunks.apiKeys, 'ApiKeys'),
    page('/sessions', chunks.sessions, 'Sessions'),
    page('/audit', chunks.audit, 'Audit'),
    page('/catalogue/new', chunks.eventTypeForm, 'NewEventType'),
    page('/catalogue/$type/edit', chunks.eventTypeForm, 'EditEventType'),
    page('/catalogue', chunks.catalogue, 'Catalogue'),
  ]),
])
// What was open without an address is closed when the page is loaded anew.
const { dialog, ...state } = (history.state ?? {}) as { dialog?: string }
if (dialog) history.replaceState(state, '')

const router = createRouter({
  routeTree: tree,
  basepath: '/console',
  defaultPreload: 'intent',
  // Plain values, so that addresses read `?state=failed`.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(
      Object.entries(search)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, String(value)]),
    ).toString()
    return text ? `?${text}` : ''
  },
})
declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

// `/` is the console too; its pages live under /console.
if (location.pathname === '/') history.replaceState(null, '', '/console/master')

const queries = new QueryClient({
  queryCache: cache,
  defaultOptions: {
    // Without a network a question fails, and the page says so; the browser's own mode would wait in silence.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      refetchOnReconnect: true,
      staleTime: 2000,
      retry: (times, error) =>
        times < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
})

/** Where somebody without a session gets one: the link that the server prints, or that an administrator gives. */
const SetPassword = lazy(() => import('./pages/set-password'))
/** Who belongs to one realm starts there. */
const goTo = (name: string) => void router.navigate({ to: '/$realm', params: { realm: name } })

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Toasts>
        {location.pathname === '/set-password' ? (
          <Suspense>
            <SetPassword />
          </Suspense>
        ) : (
          <Session onRealm={goTo}>
            <RouterProvider router={router} />
          </Session>
        )}
      </Toasts>
    </QueryClientProvider>
  </StrictMode>,
)
