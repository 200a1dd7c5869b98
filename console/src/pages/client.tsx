import { Tab, TabGroup, TabList, TabPanel, TabPanels } from '@headlessui/react'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import {
  call,
  ifMatch,
  realmPath,
  type Client,
  type ClientWithSecret,
  type RedirectUri,
} from '../api/client'
import { useClient, useRedirects, useRoles } from '../directory'
import { useRealm } from '../queries'
import { Check, Confirm, Once, Rest, SaveRow, Section, Text, useDraft, useSave } from '../ui/form'
import { Back, Go, Listing, Nothing, primaryLink, useFilters } from '../ui/listing'
import {
  Badge,
  Button,
  CopyButton,
  Failure,
  Modal,
  PageHead,
  Skeleton,
  Time,
  useToast,
  PageFailure,
} from '../ui/kit'
import { ClientFields, clientFields, type ClientDraft } from './clients'
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
  const { base, draft, changed, start, undo, set } = useDraft(client, draftOf)
  const { save, busy, failed, field } = useSave(
    () =>
      call<ClientWithSecret>('PATCH', realmPath(realm, `/clients/${client.id}`), {
        body: draft,
        headers: ifMatch(base.version),
      }),
    ['clients', 'client'],
    (after) => {
      start(after)
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
        save.mutate(undefined)
      }}
    >
      <Section title="What it is">
        <ClientFields draft={draft} set={set} field={field} />
        <Rest of={failed} fields={clientFields} />
        <SaveRow
          changed={changed}
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
  const [asking, setAsking] = useState(false)
  const [secret, setSecret] = useState('')
  const { save, busy, failed } = useSave(
    () =>
      call<ClientWithSecret>('POST', realmPath(realm, `/clients/${client.id}/secret/rotate`), {
        body: {},
        headers: ifMatch(client.version),
      }),
    ['client', 'clients'],
    (after) => {
      setAsking(false)
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
            setAsking(true)
          }}
        >
          Rotate…
        </Button>
      }
    >
      <Modal open={asking} onClose={() => setAsking(false)} title="Rotate the client’s secret?">
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
          <Button onClick={() => setAsking(false)}>Keep the old one</Button>
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

function ServiceAccount({ client }: { client: Client }) {
  const realm = useRealm()
  const toast = useToast()
  const roles = useRoles()
  const { base, draft, changed, start, undo, set } = useDraft(
    client,
    ({ service_account_roles }) => ({ roles: [...service_account_roles].sort() }),
  )
  const { save, busy, failed } = useSave(
    () =>
      call<Client>('PATCH', realmPath(realm, `/clients/${client.id}`), {
        body: { service_account_roles: draft.roles },
        headers: ifMatch(base.version),
      }),
    ['client', 'clients'],
    (after) => {
      start(after)
      toast('Saved.')
    },
  )
  if (client.type === 'public')
    return (
      <Section title="Service account">
        <p className="text-muted">A public client has none: it has no secret to prove who it is.</p>
      </Section>
    )
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(undefined)
      }}
    >
      <Section
        title="Service account"
        lead="What the client may do itself, with a token for client_credentials. You can give only what you have yourself."
      >
        {roles.isPending ? (
          <Skeleton rows={2} />
        ) : roles.isError ? (
          <Failure error={roles.error} />
        ) : roles.data.length === 0 ? (
          <p className="text-muted text-[13px]">
            The realm has no role to give.{' '}
            <Go
              to="/$realm/roles/new"
              params={{ realm }}
              className="text-accent underline underline-offset-2"
            >
              Create one
            </Go>
          </p>
        ) : (
          <div className="grid sm:grid-cols-2 gap-3">
            {roles.data.map((role) => (
              <Check
                key={role.id}
                label={role.name}
                hint={role.description || undefined}
                checked={draft.roles.includes(role.id)}
                onChange={(on) =>
                  set({
                    roles: (on
                      ? [...draft.roles, role.id]
                      : draft.roles.filter((each) => each !== role.id)
                    ).sort(),
                  })
                }
              />
            ))}
          </div>
        )}
        <Rest of={failed} fields={[]} />
        <SaveRow
          changed={changed}
          busy={busy}
          undo={() => {
            save.reset()
            undo()
          }}
        />
      </Section>
    </form>
  )
}

function RedirectDialog({
  client,
  uri,
  onClose,
}: {
  client: string
  uri: RedirectUri | null
  onClose: () => void
}) {
  const realm = useRealm()
  const [value, setValue] = useState(uri?.value ?? '')
  const [enabled, setEnabled] = useState(uri?.enabled ?? true)
  const path = realmPath(realm, `/clients/${client}/redirects`)
  const { save, busy, failed, field } = useSave(
    () =>
      uri
        ? call('PUT', `${path}/${uri.id}`, {
            body: { value, enabled },
            headers: ifMatch(uri.version),
          })
        : call('POST', path, { body: { value, enabled } }),
    ['redirects'],
    onClose,
  )
  return (
    <Modal open onClose={onClose} title={uri ? 'Change the redirect URI' : 'Add a redirect URI'}>
      <form
        noValidate
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Text
          label="URI"
          mono
          autoFocus
          type="url"
          placeholder="https://app.example/callback"
          value={value}
          onChange={setValue}
          error={field('value')}
          spellCheck={false}
          hint="Exactly as the application sends it; http only for this machine."
        />
        <Check label="Enabled" checked={enabled} onChange={setEnabled} />
        <Rest of={failed} fields={['value']} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" busy={busy}>
            {uri ? 'Save' : 'Add'}
          </Button>
        </div>
      </form>
    </Modal>
  )
}

function Redirects({ client }: { client: Client }) {
  const realm = useRealm()
  const list = useRedirects(client.id)
  const [editing, setEditing] = useState<RedirectUri | 'new' | null>(null)
  const add = (
    <Button tone="primary" icon="plus" onClick={() => setEditing('new')}>
      Add redirect URI
    </Button>
  )
  return (
    <>
      <Listing
        label="Redirect URIs"
        list={list}
        filters={
          <>
            <p className="text-muted text-[13px] flex-1 min-w-40">
              Where the application may have its users sent back to.
            </p>
            {add}
          </>
        }
        empty={
          <Nothing filtered={false} title="No redirect URIs">
            Add the addresses that {client.client_id} sends its users back to.
          </Nothing>
        }
        columns={[
          {
            label: 'URI',
            cell: (uri) => <span className="font-mono text-[12.5px] break-all">{uri.value}</span>,
          },
          {
            label: 'State',
            cell: (uri) =>
              uri.enabled ? (
                <Badge tone="good">enabled</Badge>
              ) : (
                <Badge tone="idle">disabled</Badge>
              ),
          },
          {
            label: 'Added',
            from: 'md',
            cell: (uri) => (
              <span className="text-muted text-[13px]">
                <Time at={uri.created_at} />
              </span>
            ),
          },
          {
            label: 'Actions',
            className: 'text-right',
            cell: (uri) => (
              <span className="inline-flex flex-wrap justify-end">
                <Button
                  tone="quiet"
                  onClick={() => setEditing(uri)}
                  aria-label={`Change ${uri.value}`}
                >
                  Change
                </Button>
                <Confirm
                  button="Delete"
                  tone="quiet"
                  aria-label={`Delete ${uri.value}`}
                  title="Delete this redirect URI?"
                  action="Delete"
                  keys={['redirects']}
                  request={() =>
                    call('DELETE', realmPath(realm, `/clients/${client.id}/redirects/${uri.id}`), {
                      headers: ifMatch(uri.version),
                    })
                  }
                >
                  <p className="font-mono text-[12.5px] break-all">{uri.value}</p>
                </Confirm>
              </span>
            ),
          },
        ]}
      />
      {editing && (
        <RedirectDialog
          client={client.id}
          uri={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
    </>
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
  if (client.isError)
    return <PageFailure error={client.error} retry={() => void client.refetch()} />
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
            {data.enabled ? (
              <Badge tone="good">enabled</Badge>
            ) : (
              <Badge tone="idle">disabled</Badge>
            )}
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
