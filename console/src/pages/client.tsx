import { Tab, TabGroup, TabList, TabPanel, TabPanels } from '@headlessui/react'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import { call, type Client, type ClientWithSecret, ifMatch, realmPath } from '../api/client'
import { useClient } from '../directory'
import { useRealm } from '../queries'
import { Confirm, Once, Rest, SaveRow, Section, useDraft, useSave } from '../ui/form'
import {
  Badge,
  Button,
  CopyButton,
  EnabledBadge,
  Failure,
  Modal,
  PageFailure,
  PageHead,
  Skeleton,
} from '../ui/kit'
import { useOpened } from '../ui/leaving'
import { Back, Go, primaryLink, useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'
import { useToast } from '../ui/toasts'
import { Redirects } from './client-redirects'
import { ServiceAccount } from './client-service'
import { type ClientDraft, ClientFields, clientFields } from './clients'
import { RoleListing } from './roles'

const draftOf = ({ client_id, name, description, type, enabled }: Client): ClientDraft => ({
  client_id,
  name,
  description,
  type,
  enabled,
})

function About({ client }: { client: Client }) {
  const realm = useRealm()
  const toast = useToast()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(client, draftOf)
  const { save, busy, failed, field } = useSave(
    () =>
      call<ClientWithSecret>('PATCH', realmPath(realm, `/clients/${client.id}`), {
        body: draft,
        headers: ifMatch(base.version),
      }),
    ['clients', 'client'],
    (after, sent: typeof draft) => {
      start(after, sent)
      if (after.secret) setSecret(after.secret)
      else toast('Saved.')
    },
  )
  const [secret, setSecret] = useState('')
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(draft)
      }}
    >
      <Section title="What it is">
        <ClientFields draft={draft} set={set} field={field} />
        <Rest of={failed} fields={clientFields} />
        <SaveRow
          changed={changed}
          conflict={conflict}
          reset={() => save.reset()}
          busy={busy}
          undo={() => {
            save.reset()
            undo()
          }}
        />
      </Section>
      <Once
        open={secret !== ''}
        title="The client has a secret now"
        label="Client secret"
        secret={secret}
        onClose={() => setSecret('')}
      />
    </form>
  )
}

function Secret({ client }: { client: Client }) {
  const realm = useRealm()
  const [asking, setAsking] = useOpened()
  const [secret, setSecret] = useState('')
  const { save, busy, failed } = useSave(
    () =>
      call<ClientWithSecret>('POST', realmPath(realm, `/clients/${client.id}/secret/rotate`), {
        body: {},
        headers: ifMatch(client.version),
      }),
    ['client', 'clients'],
    async (after) => {
      await setAsking(false)
      setSecret(after.secret ?? '')
    },
  )
  if (client.type === 'public') return null
  return (
    <Section
      title="Secret"
      lead="Kept as a hash: it cannot be shown again, but replaced."
      actions={
        <Button
          onClick={() => {
            save.reset()
            void setAsking(true)
          }}
        >
          Rotate…
        </Button>
      }
    >
      <Modal
        open={asking}
        onClose={() => void setAsking(false)}
        title="Rotate the client’s secret?"
      >
        <p>
          The old secret stops working at once, and {client.client_id} gets no token before it has
          the new one.
        </p>
        {failed && (
          <div className="mt-4">
            <Failure error={failed} />
          </div>
        )}
        <div className="flex justify-end gap-2 mt-6">
          <Button onClick={() => void setAsking(false)}>Keep the old one</Button>
          <Button tone="primary" busy={busy} onClick={() => save.mutate(undefined)}>
            Rotate
          </Button>
        </div>
      </Modal>
      <Once
        open={secret !== ''}
        title="The new secret"
        label="Client secret"
        secret={secret}
        onClose={() => setSecret('')}
      />
    </Section>
  )
}

const tabs = ['settings', 'redirects', 'roles', 'service'] as const

const labels = {
  settings: 'Settings',
  redirects: 'Redirect URIs',
  roles: 'Roles',
  service: 'Service account',
}

export function ClientPage() {
  const realm = useRealm()
  const navigate = useNavigate()
  const toast = useToast()
  const set = useFilters()
  const { id } = useParams({ strict: false }) as { id: string }
  const search = useSearch({ strict: false }) as { tab?: string }
  const client = useClient(id)
  if (client.isPending) return <Skeleton />
  if (isLost(client)) return <PageFailure error={client.error} retry={() => client.refetch()} />
  const data = client.data
  const createRole = (
    <Go to="/$realm/clients/$id/roles/new" params={{ realm, id }} className={primaryLink}>
      Create role
    </Go>
  )
  return (
    <>
      <Back to="/$realm/clients" params={{ realm }}>
        Clients
      </Back>
      <PageHead
        title={data.client_id}
        badge={
          <>
            <Badge tone="idle">{data.type}</Badge>
            <EnabledBadge on={data.enabled} />
          </>
        }
        lead={
          <span className="inline-flex items-center gap-1 font-mono text-[12px] break-all">
            {data.id}
            <CopyButton text={data.id} label="Copy id" />
          </span>
        }
        actions={
          <Confirm
            button="Delete"
            title={`Delete ${data.client_id}?`}
            action="Delete"
            keys={['clients']}
            request={() =>
              call('DELETE', realmPath(realm, `/clients/${id}`), { headers: ifMatch(data.version) })
            }
            done={async () => {
              toast('The client is deleted.')
              await navigate({ to: '/$realm/clients' as '/$realm', params: { realm } })
            }}
          >
            <p>
              Its roles, redirect URIs and tokens go too. To stop it for a while, disable it
              instead.
            </p>
          </Confirm>
        }
      />
      <TabGroup
        selectedIndex={Math.max(0, tabs.indexOf(search.tab as 'settings'))}
        onChange={(index) => set({ tab: index === 0 ? undefined : tabs[index] })}
      >
        <TabList className="flex gap-1 mb-5 overflow-x-auto border-b border-line">
          {tabs.map((tab) => (
            <Tab
              key={tab}
              className="h-10 px-3 -mb-px border-b-2 border-transparent text-[13.5px] font-medium text-muted hover:text-ink whitespace-nowrap data-[selected]:border-accent data-[selected]:text-accent"
            >
              {labels[tab]}
            </Tab>
          ))}
        </TabList>
        <TabPanels>
          <TabPanel className="space-y-6 max-w-3xl">
            <About key={id} client={data} />
            <Secret client={data} />
          </TabPanel>
          <TabPanel>
            <Redirects client={data} />
          </TabPanel>
          <TabPanel>
            <div className="flex justify-end mb-4">{createRole}</div>
            <RoleListing
              client={id}
              base="/$realm/clients/$id/roles"
              params={{ realm, id }}
              create={createRole}
            />
          </TabPanel>
          <TabPanel className="max-w-3xl">
            <ServiceAccount key={id} client={data} />
          </TabPanel>
        </TabPanels>
      </TabGroup>
    </>
  )
}
