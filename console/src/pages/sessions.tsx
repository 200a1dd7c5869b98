import { useSearch } from '@tanstack/react-router'
import { type ReactNode } from 'react'

import { type BrowserSession, call, realmPath } from '../api/client'
import { usePages, useRealm } from '../queries'
import { Confirm } from '../ui/form'
import { shortId } from '../ui/format'
import { Button, PageHead } from '../ui/kit'
import { Go, Listing, Nothing, useFilters } from '../ui/listing'
import { Name } from '../ui/names'
import { Time } from '../ui/time'
import { useToast } from '../ui/toasts'

export function RowId({ to, id, children }: { to: string; id: string; children?: ReactNode }) {
  const realm = useRealm()
  return (
    <Go
      to={to}
      params={{ realm, id }}
      className={`relative z-[1] text-accent hover:underline ${children ? 'block truncate' : 'font-mono text-[12.5px]'}`}
    >
      {children ?? shortId(id)}
    </Go>
  )
}

/** "Firefox on Linux", as far as its user agent tells. */
function browserName(agent: string): string {
  const browser = /Edg\//.test(agent)
    ? 'Edge'
    : /Firefox\//.test(agent)
      ? 'Firefox'
      : /(Headless)?Chrom(e|ium)\//.test(agent)
        ? 'Chromium'
        : /Safari\//.test(agent)
          ? 'Safari'
          : agent.split('/')[0] || 'A program'
  const system = /Windows/.test(agent)
    ? 'Windows'
    : /Android/.test(agent)
      ? 'Android'
      : /iPhone|iPad/.test(agent)
        ? 'iOS'
        : /Mac OS/.test(agent)
          ? 'macOS'
          : /Linux/.test(agent)
            ? 'Linux'
            : ''
  return system ? `${browser} on ${system}` : browser
}

export function Sessions() {
  const realm = useRealm()
  const toast = useToast()
  const search = useSearch({ strict: false }) as { user_id?: string }
  const set = useFilters()
  const list = usePages<BrowserSession>(['sessions', realm], realmPath(realm, '/sessions'), {
    user_id: search.user_id,
  })
  return (
    <>
      <PageHead title="Sessions" lead="Who is logged in, and where." />
      <Listing
        label="Sessions"
        list={list}
        empty={
          <Nothing filtered={Boolean(search.user_id)} title="Nobody is logged in">
            Sessions appear here when users log in to the console.
          </Nothing>
        }
        filters={
          search.user_id && (
            <Button tone="quiet" icon="cross" onClick={() => set({ user_id: undefined })}>
              one user only
            </Button>
          )
        }
        columns={[
          {
            label: 'Browser',
            cell: (session) => (
              <>
                <span className="font-medium" title={session.user_agent}>
                  {browserName(session.user_agent)}
                </span>
                <div className="text-[12.5px] text-muted font-mono">{session.address}</div>
              </>
            ),
          },
          {
            label: 'User',
            from: 'md',
            cell: (session) => (
              <RowId to="/$realm/users/$id" id={session.user_id}>
                <Name kind="user" id={session.user_id} />
              </RowId>
            ),
          },
          {
            label: 'Last used',
            from: 'sm',
            cell: (session) => (
              <span className="text-[13px]">
                <Time at={session.last_used_at} />
              </span>
            ),
          },
          {
            label: 'Ends',
            from: 'md',
            cell: (session) => (
              <span className="text-[13px]">
                <Time at={session.expires_at} />
              </span>
            ),
          },
          {
            label: 'Actions',
            className: 'text-right',
            cell: (session) => (
              <Confirm
                button="End"
                tone="quiet"
                aria-label={`End the session of ${browserName(session.user_agent)}`}
                title="End this session?"
                action="End it"
                keys={['sessions']}
                done={() => toast('The session has ended.')}
                request={() => call('DELETE', realmPath(realm, `/sessions/${session.id}`))}
              >
                <p>
                  {browserName(session.user_agent)} at {session.address} has to log in again.
                </p>
              </Confirm>
            ),
          },
        ]}
      />
    </>
  )
}
