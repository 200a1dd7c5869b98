import { get, type Page, realmPath, type RealmApiKey } from '../api/client'
import { useQuery } from '../asked'
import { useRealm } from '../queries'
import { Check } from '../ui/form'
import { Failure, Skeleton } from '../ui/kit'
import { isLost } from '../ui/stale'

/** The query of a change that takes a user's API keys along. */
export const keysQuery = (revoke: boolean) => (revoke ? '?api_keys=revoke' : '')

/**
 * The API keys that a user made, which outlive the user: for the dialogs that delete users or take
 * roles away.
 */
export function KeysOfUser({
  id,
  revoke,
  onChange,
}: {
  id: string
  revoke: boolean
  onChange: (revoke: boolean) => void
}) {
  const realm = useRealm()
  const keys = useQuery({
    queryKey: ['user-api-keys', realm, id],
    queryFn: ({ signal }) =>
      get<Page<RealmApiKey>>(realmPath(realm, `/users/${id}/api-keys?limit=20`), signal),
  })
  if (keys.isPending) return <Skeleton rows={1} />
  if (isLost(keys)) return <Failure error={keys.error} retry={() => keys.refetch()} />
  if (keys.data.items.length === 0) {
    return <p className="text-muted text-[13px]">They have made no API keys.</p>
  }
  return (
    <div className="space-y-2">
      <p>API keys that they made, which go on working:</p>
      <ul className="rounded-lg border border-line divide-y divide-line/70 max-h-48 overflow-auto">
        {keys.data.items.map((key) => (
          <li key={key.id} className="px-4 py-2 text-[13px]">
            <span className="font-medium break-words">{key.name}</span>{' '}
            <span className="text-muted">
              in {key.realm}: {key.permissions.join(', ') || 'no permissions'}
            </span>
          </li>
        ))}
      </ul>
      {keys.data.next_cursor && <p className="hint">And more.</p>}
      <Check label="Revoke these keys too" checked={revoke} onChange={onChange} />
    </div>
  )
}
