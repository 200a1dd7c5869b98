import { useSearch } from '@tanstack/react-router'

import { call } from '../api/client'
import { type ExactType, typePath, useEventTypes, useRealm, useWebhookList } from '../queries'
import { Allowed } from '../session'
import { Confirm } from '../ui/form'
import { Code } from '../ui/json'
import { Badge, CopyButton, Empty, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { Go, plainLink, primaryLink, useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'
import { useToast } from '../ui/toasts'
import { ReceiverCode } from './receiver-code'

function TypeList({ types, chosen }: { types: ExactType[]; chosen: ExactType | undefined }) {
  const search = useSearch({ strict: false }) as { find?: string }
  const set = useFilters()
  const words = (search.find ?? '').toLowerCase().split(/\s+/)
  const found = types.filter((type) =>
    words.every((word) => `${type.name} ${type.description}`.toLowerCase().includes(word)),
  )
  const groups = [
    { label: 'Your own', members: found.filter((type) => !type.built_in) },
    { label: 'Built in', members: found.filter((type) => type.built_in && !type.operational) },
    { label: 'About webhooks', members: found.filter((type) => type.operational) },
  ].filter((group) => group.members.length > 0)
  return (
    <div className="card overflow-hidden">
      <div className="p-2 border-b border-line">
        <input
          type="search"
          aria-label="Search event types"
          placeholder="Search"
          className="field"
          value={search.find ?? ''}
          onChange={(event) => set({ find: event.target.value || undefined })}
        />
      </div>
      <div
        className="max-h-64 lg:max-h-[46rem] overflow-auto p-1.5"
        role="group"
        aria-label="Event types"
        tabIndex={0}
      >
        {groups.map(({ label, members }) => (
          <section key={label} className="mb-2 last:mb-0">
            <h2 className="px-2.5 py-1 text-[12px] font-medium text-muted">{label}</h2>
            <ul>
              {members.map((type) => (
                <li key={type.name}>
                  <button
                    type="button"
                    aria-current={type === chosen || undefined}
                    onClick={() => set({ type: type.name })}
                    className={`w-full text-left px-2.5 py-1.5 rounded-md text-[13px] font-mono break-all ${type === chosen ? 'bg-accent/10 text-accent' : 'text-muted hover:text-ink hover:bg-sunken'}`}
                  >
                    {type.name}
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
        {groups.length === 0 && (
          <p className="text-muted text-[13px] p-2.5">No event type matches.</p>
        )}
      </div>
    </div>
  )
}

/** Which webhooks get a type, each a link. */
function Subscribers({ type }: { type: string }) {
  const realm = useRealm()
  const webhooks = useWebhookList({ event: type })
  const all = webhooks.data?.pages[0]?.items ?? []
  const more = all.length - 5
  return (
    <p className="text-[13px] text-muted min-h-11">
      {webhooks.isPending
        ? 'Looking for webhooks that subscribe to it… '
        : webhooks.isLoadingError
          ? 'The webhooks that subscribe to it could not be looked up. '
          : all.length === 0
            ? 'No webhook subscribes to it. '
            : 'Goes to '}
      {all.slice(0, 5).map((each, index) => (
        <span key={each.id}>
          {index > 0 && ', '}
          <Go
            to="/$realm/webhooks/$id"
            params={{ realm, id: each.id }}
            className="text-ink font-medium hover:underline break-words"
          >
            {each.name || each.url}
          </Go>
          {!each.enabled && ' (disabled)'}
        </span>
      ))}
      {more > 0 && (
        <>
          {' and '}
          <Go
            to="/$realm/webhooks"
            params={{ realm }}
            search={{ event: type }}
            className="text-accent hover:underline"
          >
            {webhooks.hasNextPage ? 'at least ' : ''}
            {more} more
          </Go>
        </>
      )}
      {all.length > 0 && '. '}
      <Allowed to="manage_webhooks">
        <Go
          to="/$realm/webhooks/new"
          params={{ realm }}
          search={{ event: type }}
          className="text-accent font-medium hover:underline"
        >
          Create a webhook for it
        </Go>
      </Allowed>
    </p>
  )
}

function DeleteType({ type }: { type: ExactType }) {
  const realm = useRealm()
  const toast = useToast()
  const set = useFilters()
  return (
    <Confirm
      button="Delete"
      title={`Delete the event type ${type.name}?`}
      action="Delete"
      keys={['event-types', 'event-type']}
      request={() => call('DELETE', typePath(realm, type.name))}
      done={() => {
        toast('The event type is deleted.')
        set({ type: undefined })
      }}
    >
      <p>
        It can no longer be published or chosen. Events of the past keep it. While a webhook
        subscribes to it by its name, it stays.
      </p>
    </Confirm>
  )
}

function Actions({ type }: { type: ExactType }) {
  const realm = useRealm()
  return (
    <div className="flex flex-wrap gap-2">
      {!type.operational && (
        <Allowed to={type.built_in ? 'publish_builtin_events' : 'publish_events'}>
          <Go
            to="/$realm/events"
            params={{ realm }}
            search={{ publish: type.name }}
            className={plainLink}
          >
            Publish one
          </Go>
        </Allowed>
      )}
      {!type.built_in && (
        <Allowed to="manage_webhooks">
          <Go
            to="/$realm/catalogue/$type/edit"
            params={{ realm, type: type.name }}
            className={plainLink}
          >
            Edit
          </Go>
          <DeleteType type={type} />
        </Allowed>
      )}
    </div>
  )
}

export function Catalogue() {
  const realm = useRealm()
  const types = useEventTypes()
  const search = useSearch({ strict: false }) as { type?: string }
  if (types.isPending) return <Skeleton rows={10} />
  if (isLost(types)) return <PageFailure error={types.error} retry={() => types.refetch()} />
  const chosen = search.type
    ? types.data.find((type) => type.name === search.type)
    : (types.data.find((type) => !type.built_in) ?? types.data[0])
  return (
    <>
      <PageHead
        title="Event catalogue"
        lead="What can happen, what it carries, and code that receives it."
        actions={
          <Allowed to="manage_webhooks">
            <Go to="/$realm/catalogue/new" params={{ realm }} className={primaryLink}>
              Create event type
            </Go>
          </Allowed>
        }
      />
      <div className="grid lg:grid-cols-[17rem_minmax(0,1fr)] gap-6 items-start">
        <TypeList types={types.data} chosen={chosen} />
        {!chosen ? (
          <div className="card">
            <Empty icon="search" title="There is no such event type">
              It has been deleted, or its name is another: choose one from the list.
            </Empty>
          </div>
        ) : (
          <div className="min-w-0 space-y-6">
            <section className="card p-5 space-y-4">
              <div className="flex flex-wrap items-start justify-between gap-3">
                <div className="min-w-0">
                  <h2 className="font-semibold text-[17px] break-all flex items-center gap-2 flex-wrap">
                    {chosen.name}
                    <CopyButton text={chosen.name} label="Copy the name" />
                    <Badge tone={chosen.built_in ? 'accent' : 'idle'}>
                      {chosen.built_in ? 'built in' : 'your own'}
                    </Badge>
                  </h2>
                  <p className="text-muted mt-1 break-words">
                    {chosen.description || 'No description.'}
                  </p>
                </div>
                <Actions type={chosen} />
              </div>
              <Subscribers type={chosen.name} />
              <div className="grid xl:grid-cols-2 gap-5">
                <div className="min-w-0">
                  <h3 className="label">Example of data</h3>
                  {chosen.example_text ? (
                    <Code label="example" text={chosen.example_text} />
                  ) : (
                    <p className="text-muted">None was given.</p>
                  )}
                </div>
                <div className="min-w-0">
                  <h3 className="label">Schema</h3>
                  {chosen.schema_text ? (
                    <Code label="schema" text={chosen.schema_text} />
                  ) : (
                    <p className="text-muted">None was given.</p>
                  )}
                </div>
              </div>
            </section>
            <ReceiverCode />
          </div>
        )}
      </div>
    </>
  )
}
