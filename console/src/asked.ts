import {
  QueryCache,
  type QueryKey,
  useInfiniteQuery as useInfinite,
  useQuery as useOne,
} from '@tanstack/react-query'

/** The last failure of each query. A query that is asked again forgets its own. */
const failures = new WeakMap<object, Error>()
export const cache = new QueryCache({ onError: (error, query) => failures.set(query, error) })

type Result = { isPending: boolean; isFetchedAfterMount: boolean }

/** A question that has failed is asked again by every pulse and poll. Its failure stays on the screen until there is an
    answer: a page that took it for one that still loads would be gone for seconds, again and again. */
function withFailure<R extends Result>(result: R, queryKey: QueryKey): R {
  // Of a pending query only a failure can have come since the page shows it.
  if (!result.isPending || !result.isFetchedAfterMount) return result
  const query = cache.find({ queryKey })
  const error = query && failures.get(query)
  if (!error) return result
  return {
    ...result,
    status: 'error',
    error,
    isPending: false,
    isError: true,
    isLoadingError: true,
  }
}

export const useQuery = ((options, client) =>
  withFailure(useOne(options, client), options.queryKey)) as typeof useOne
export const useInfiniteQuery = ((options, client) =>
  withFailure(useInfinite(options, client), options.queryKey)) as typeof useInfinite
