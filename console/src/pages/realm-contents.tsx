import { realmPath } from '../api/client'
import { useQuery } from '../asked'
import { all } from '../queries'
import { plural } from '../ui/format'

const counted = [
  ['/webhooks', 'webhook'],
  ['/users', 'user'],
  ['/roles', 'role'],
  ['/clients', 'client'],
  ['/api-keys', 'API key'],
] as const
/** So many pages of 200 are counted of each kind. */
const count_pages_max = 10

/** What goes with a realm; what may not be seen is left out. */
export function Contents({ realm }: { realm: string }) {
  const contents = useQuery({
    queryKey: ['contents', realm],
    queryFn: async ({ signal }) => {
      const counts = await Promise.all(
        counted.map(async ([path, word]) => {
          const items = await all(realmPath(realm, path), signal, count_pages_max).catch(() => null)
          if (!items) return null
          const is_more = items.length >= count_pages_max * 200
          return `${is_more ? 'more than ' : ''}${plural(items.length, word)}`
        }),
      )
      return counts.filter((each) => each !== null).join(', ')
    },
  })
  return (
    <p role="status">
      {contents.data ? `With it go ${contents.data}.` : 'Counting what goes with it…'}
    </p>
  )
}
