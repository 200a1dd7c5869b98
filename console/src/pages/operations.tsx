import { get, type Operation, type Page, realmPath } from '../api/client'
import { useQuery } from '../asked'
import { live } from '../live'
import { useRealm } from '../queries'
import { count } from '../ui/format'
import { Go } from '../ui/listing'
import { Name } from '../ui/names'
import { Time } from '../ui/time'

/** While one runs its progress is asked for. */
const progress_ms = 2000

/** Where one's progress is. */
const placeOf = ({ kind, id, webhook_id }: Operation) => ({
  to: webhook_id ? '/$realm/webhooks/$id' : '/$realm/deliveries',
  search: { do: kind === 'recover' ? 'recover' : 'operation', operation: id },
})

/** The operations that are under way, each a link to its progress; of one webhook, or of the realm. */
export function RunningOperations({ webhook }: { webhook?: string }) {
  const realm = useRealm()
  const list = useQuery<Page<Operation>>({
    queryKey: ['operations', realm],
    meta: live,
    refetchInterval: ({ state }) =>
      state.data?.items.some((each) => each.state === 'running') ? progress_ms : false,
    queryFn: ({ signal }) => get<Page<Operation>>(realmPath(realm, '/operations?limit=50'), signal),
  })
  const running = (list.data?.items ?? []).filter(
    (each) => each.state === 'running' && (!webhook || each.webhook_id === webhook),
  )
  if (running.length === 0) return null
  return (
    <section aria-label="Running operations" className="card mb-6 divide-y divide-line/70">
      {running.map((each) => (
        <div
          key={each.id}
          className="relative flex flex-wrap items-center gap-x-4 gap-y-1 px-5 py-3"
        >
          <span className="w-2 h-2 rounded-full bg-accent animate-pulse" aria-hidden="true" />
          <Go
            to={placeOf(each).to}
            params={{ realm, id: each.webhook_id ?? undefined }}
            search={placeOf(each).search}
            className="font-medium after:absolute after:inset-0 break-words"
          >
            {each.kind === 'recover' ? 'Recovering' : 'Attempting again:'}{' '}
            {each.webhook_id ? <Name kind="webhook" id={each.webhook_id} /> : 'all webhooks'}
          </Go>
          <span className="text-[13px] text-muted">
            {count(each.done)} of {count(each.total)}, started <Time at={each.created_at} />
          </span>
        </div>
      ))}
    </section>
  )
}
