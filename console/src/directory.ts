import {
  get,
  getWithVersion,
  raw,
  realmPath,
  type Client,
  type Credential,
  type Page,
  type Realm,
  type RealmSettings,
  type RedirectUri,
  type Role,
  type User,
} from './api/client'
import { useQuery } from './asked'
import { all, usePages, useRealm } from './queries'
import { memberText, pretty } from './ui/format'

/** What a role may do, in the order and the words of the console. */
export const resources = [
  ['webhooks', 'Webhooks'],
  ['users', 'Users'],
  ['roles', 'Roles'],
  ['clients', 'Clients'],
  ['realms', 'Realms'],
  ['api_keys', 'API keys'],
] as const
export const others = [
  ['view_events', 'See events, deliveries and their attempts'],
  ['publish_events', 'Publish events of the realm’s own types'],
  ['publish_builtin_events', 'Publish built-in events by hand'],
  ['redeliver', 'Redeliver, recover, send tests'],
  ['reveal_secrets', 'Read signing secrets and header values'],
  ['view_audit', 'Read the audit log'],
  ['view_metrics', 'Read the server’s metrics'],
] as const

export function useUsers(filters: Record<string, string | undefined>) {
  const realm = useRealm()
  return usePages<User>(['users', realm], realmPath(realm, '/users'), filters)
}
/** A user with the text of its attributes: parsing would round long numbers, and saving would keep that. */
export type ExactUser = User & { attributes_text: string }
export async function userFrom(response: Promise<Response>): Promise<ExactUser> {
  const text = await (await response).text()
  return {
    ...(JSON.parse(text) as User),
    attributes_text: pretty(memberText(text, 'attributes') ?? '{}'),
  }
}
export function useUser(id: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['user', realm, id],
    queryFn: ({ signal }) =>
      userFrom(raw('GET', `/api/v1${realmPath(realm, `/users/${id}`)}`, { signal })),
  })
}
export function useUserRoles(id: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['user-roles', realm, id],
    queryFn: ({ signal }) => all<Role>(realmPath(realm, `/users/${id}/roles`), signal),
  })
}
export function useCredentials(id: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['credentials', realm, id],
    queryFn: async ({ signal }) =>
      (await get<Page<Credential>>(realmPath(realm, `/users/${id}/credentials`), signal)).items,
  })
}

/** Roles of the realm; with `client`, that client's. */
export const rolesPath = (client?: string) => (client ? `/clients/${client}/roles` : '/roles')
export function useRoleList(client?: string, search?: string) {
  const realm = useRealm()
  return usePages<Role>(['roles', realm, client, 'list'], realmPath(realm, rolesPath(client)), {
    search,
  })
}
export function useRole(id: string, client?: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['role', realm, client, id],
    queryFn: ({ signal }) => get<Role>(realmPath(realm, `${rolesPath(client)}/${id}`), signal),
  })
}

export function useClients(filters: Record<string, string | undefined>) {
  const realm = useRealm()
  return usePages<Client>(['clients', realm], realmPath(realm, '/clients'), filters)
}
export function useClient(id: string) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['client', realm, id],
    queryFn: ({ signal }) => get<Client>(realmPath(realm, `/clients/${id}`), signal),
  })
}
export function useRedirects(client: string) {
  const realm = useRealm()
  return usePages<RedirectUri>(
    ['redirects', realm, client],
    realmPath(realm, `/clients/${client}/redirects`),
    {},
  )
}

export function useThisRealm() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['realm', realm],
    queryFn: ({ signal }) => get<Realm>(realmPath(realm, ''), signal),
  })
}
export function useSettings() {
  const realm = useRealm()
  return useQuery({
    queryKey: ['settings', realm],
    queryFn: ({ signal }) => getWithVersion<RealmSettings>(realmPath(realm, '/settings'), signal),
  })
}
