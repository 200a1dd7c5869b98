import { useQuery } from '@tanstack/react-query'

import { type ApiKey, type Client, get, type Page, realmPath, type User } from '../api/client'
import { useRealm } from '../queries'
import { useSession } from '../session'
import { shortId } from './format'

/** The newest of each kind are known by name; the rest by id, as is who has been deleted. */
const known_max = 200

/** Names of a realm's users, clients and keys, as far as who asks may see them. */
function useNames(realm: string): ReadonlyMap<string, string> | undefined {
  const { can } = useSession()
  const names = useQuery({
    queryKey: ['names', realm],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const list = async <T,>(path: string, permission: string, name: (each: T) => string) => {
        if (!can(permission)) return []
        const page = await get<Page<T & { id: string }>>(
          realmPath(realm, `${path}?limit=${known_max}`),
          signal,
        )
        return page.items.map((each): [string, string] => [each.id, name(each)])
      }
      const all = await Promise.all([
        list<User>('/users', 'view_users', (user) => user.username),
        list<Client>('/clients', 'view_clients', (client) => client.client_id),
        list<ApiKey>('/api-keys', 'view_api_keys', (key) => key.name),
      ])
      return new Map(all.flat())
    },
  })
  return names.data
}

/** What somebody is called who did something: somebody of this realm, or of the one of who looks. */
export function Name({ id }: { id: string }) {
  const realm = useRealm()
  const { who } = useSession()
  const here = useNames(realm)
  const home = useNames(who?.realm ?? realm)
  return <>{here?.get(id) ?? home?.get(id) ?? (id.length > 30 ? shortId(id) : id)}</>
}
