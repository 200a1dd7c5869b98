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
import { lazy, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

import { ApiError } from './api/client'
import { Session } from './session'
import { Shell } from './shell'
import { Empty, Failure } from './ui/kit'
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
  'username',
  'email',
  'client_id',
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
  errorComponent: ({ error }) => (
    <div className="p-8">
      <Failure error={error} />
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
const page = <P extends string>(path: P, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => realm, path, component })

const tree = root.addChildren([
  home,
  realm.addChildren([
    page(
      '/',
      lazyRouteComponent(() => import('./pages/overview'), 'Overview'),
    ),
    page(
      '/webhooks',
      lazyRouteComponent(() => import('./pages/webhooks'), 'Webhooks'),
    ),
    page(
      '/webhooks/new',
      lazyRouteComponent(() => import('./pages/webhook-form'), 'NewWebhook'),
    ),
    page(
      '/webhooks/$id',
      lazyRouteComponent(() => import('./pages/webhook'), 'WebhookPage'),
    ),
    page(
      '/webhooks/$id/edit',
      lazyRouteComponent(() => import('./pages/webhook-form'), 'EditWebhook'),
    ),
    page(
      '/deliveries',
      lazyRouteComponent(() => import('./pages/deliveries'), 'Deliveries'),
    ),
    page(
      '/events',
      lazyRouteComponent(() => import('./pages/events'), 'Events'),
    ),
    page(
      '/events/$id',
      lazyRouteComponent(() => import('./pages/event'), 'EventPage'),
    ),
    page(
      '/users',
      lazyRouteComponent(() => import('./pages/users'), 'Users'),
    ),
    page(
      '/users/new',
      lazyRouteComponent(() => import('./pages/users'), 'NewUser'),
    ),
    page(
      '/users/$id',
      lazyRouteComponent(() => import('./pages/user'), 'UserPage'),
    ),
    page(
      '/roles',
      lazyRouteComponent(() => import('./pages/roles'), 'Roles'),
    ),
    page(
      '/roles/new',
      lazyRouteComponent(() => import('./pages/roles'), 'NewRole'),
    ),
    page(
      '/roles/$role',
      lazyRouteComponent(() => import('./pages/roles'), 'RolePage'),
    ),
    page(
      '/clients',
      lazyRouteComponent(() => import('./pages/clients'), 'Clients'),
    ),
    page(
      '/clients/new',
      lazyRouteComponent(() => import('./pages/clients'), 'NewClient'),
    ),
    page(
      '/clients/$id',
      lazyRouteComponent(() => import('./pages/client'), 'ClientPage'),
    ),
    page(
      '/clients/$id/roles/new',
      lazyRouteComponent(() => import('./pages/roles'), 'NewRole'),
    ),
    page(
      '/clients/$id/roles/$role',
      lazyRouteComponent(() => import('./pages/roles'), 'RolePage'),
    ),
    page(
      '/realms',
      lazyRouteComponent(() => import('./pages/realms'), 'Realms'),
    ),
    page(
      '/settings',
      lazyRouteComponent(() => import('./pages/realms'), 'SettingsPage'),
    ),
    page(
      '/api-keys',
      lazyRouteComponent(() => import('./pages/api-keys'), 'ApiKeys'),
    ),
    page(
      '/sessions',
      lazyRouteComponent(() => import('./pages/sessions'), 'Sessions'),
    ),
    page(
      '/audit',
      lazyRouteComponent(() => import('./pages/audit'), 'Audit'),
    ),
    page(
      '/catalogue/new',
      lazyRouteComponent(() => import('./pages/event-type-form'), 'NewEventType'),
    ),
    page(
      '/catalogue/$type/edit',
      lazyRouteComponent(() => import('./pages/event-type-form'), 'EditEventType'),
    ),
    page(
      '/catalogue',
      lazyRouteComponent(() => import('./pages/catalogue'), 'Catalogue'),
    ),
  ]),
])
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
  defaultOptions: {
    queries: {
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
