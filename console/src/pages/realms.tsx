import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import {
  call,
  getWithVersion,
  ifMatch,
  type Realm,
  realmPath,
  type RealmSettings,
  type Webhook,
} from '../api/client'
import { useSettings, useThisRealm } from '../directory'
import { subscribes, usePages, useRealm } from '../queries'
import { Allowed } from '../session'
import { Confirm, Rest, SaveRow, Section, Text, useDraft, useSave } from '../ui/form'
import { Button, CopyButton, Field, Modal, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { Unsaved } from '../ui/leaving'
import { createdColumn, Listing, Nothing, RowLink, useFilters } from '../ui/listing'
import { Picker } from '../ui/picker'
import { isLost } from '../ui/stale'
import { useToast } from '../ui/toasts'
import { Contents } from './realm-contents'

function CreateRealm({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [display_name, setDisplayName] = useState('')
  const { save, busy, failed, field } = useSave(
    () => call<Realm>('POST', '/realms', { body: { name, display_name } }),
    ['realms'],
    (realm) => navigate({ to: '/$realm/settings' as '/$realm', params: { realm: realm.name } }),
  )
  return (
    <Modal open onClose={onClose} title="Create a realm">
      <form
        noValidate
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Text
          label="Name"
          mono
          autoFocus
          value={name}
          onChange={setName}
          error={field('name')}
          hint="Small letters, digits and hyphens. It is part of addresses and never changes."
          maxLength={63}
          spellCheck={false}
        />
        <Text
          label="Display name"
          value={display_name}
          onChange={setDisplayName}
          error={field('display_name')}
          maxLength={200}
        />
        <Unsaved when={!busy && Boolean(name || display_name)} />
        <Rest of={failed} fields={['name', 'display_name']} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" busy={busy}>
            Create realm
          </Button>
        </div>
      </form>
    </Modal>
  )
}

export function Realms() {
  const list = usePages<Realm>(['realms', 'list'], '/realms', {})
  const search = useSearch({ strict: false }) as { create?: string }
  const set = useFilters()
  return (
    <>
      <PageHead
        title="Realms"
        lead="Each has its own webhooks, events, users, roles and clients; master administers the others."
        actions={
          <Allowed to="manage_realms">
            <Button tone="primary" icon="plus" onClick={() => set({ create: '1' })}>
              Create realm
            </Button>
          </Allowed>
        }
      />
      <Listing
        label="Realms"
        list={list}
        empty={
          <Nothing filtered={false} title="No realms">
            There is always at least master; you may not see it.
          </Nothing>
        }
        columns={[
          {
            label: 'Realm',
            cell: (realm) => (
              <>
                <RowLink to="/$realm" params={{ realm: realm.name }}>
                  {realm.display_name || realm.name}
                </RowLink>
                {realm.display_name && (
                  <div className="text-[12.5px] text-muted font-mono">{realm.name}</div>
                )}
              </>
            ),
          },
          {
            label: 'Id',
            from: 'lg',
            cell: (realm) => <span className="font-mono text-[12px] text-muted">{realm.id}</span>,
          },
          createdColumn('sm'),
        ]}
      />
      {search.create && <CreateRealm onClose={() => set({ create: undefined })} />}
    </>
  )
}

function About({ realm }: { realm: Realm }) {
  const toast = useToast()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(
    realm,
    ({ display_name }) => ({
      display_name,
    }),
  )
  const { save, busy, failed, field } = useSave(
    () =>
      call<Realm>('PATCH', realmPath(realm.name, ''), {
        body: draft,
        headers: ifMatch(base.version),
      }),
    ['realm', 'realms'],
    (after, sent: typeof draft) => {
      start(after, sent)
      toast('Saved.')
    },
  )
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(draft)
      }}
    >
      <Section
        title="Realm"
        lead={
          <>
            Its name is <span className="font-mono text-[12.5px] text-ink">{realm.name}</span>,
            which never changes.
          </>
        }
      >
        <Text
          label="Display name"
          value={draft.display_name}
          onChange={(display_name) => set({ display_name })}
          error={field('display_name')}
          maxLength={200}
        />
        <p className="text-[12px] text-muted flex items-center gap-1">
          <span>Id</span>
          <span className="font-mono break-all">{realm.id}</span>
          <CopyButton text={realm.id} label="Copy realm id" />
        </p>
        <Rest of={failed} fields={['display_name']} />
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
    </form>
  )
}

type Versioned = { value: RealmSettings; version: string }

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean)

const draftOf = ({ value }: Versioned) => ({
  retention_days: String(value.retention_days),
  retry_schedule: value.retry_schedule.join(', '),
  timeout: value.timeout,
  password_min_length: String(value.password_min_length),
  password_reset_webhook: value.password_reset_webhook ?? '',
  secret_overlap: value.secret_overlap,
  allowed_networks: (value.allowed_networks ?? []).join('\n'),
})

const shown = [
  'retention_days',
  'retry_schedule',
  'timeout',
  'password_min_length',
  'password_reset_webhook',
  'secret_overlap',
  'allowed_networks',
]

/** Only webhooks that get auth.reset_password can mail it. */
const isMailer = (one: unknown) => subscribes((one as Webhook).events, 'auth.reset_password')

function SettingsForm({ settings }: { settings: Versioned }) {
  const realm = useRealm()
  const toast = useToast()
  const path = realmPath(realm, '/settings')
  const master = settings.value.allowed_networks !== undefined
  const { base, draft, changed, conflict, start, undo, set } = useDraft(settings, draftOf)
  const { save, busy, failed, field } = useSave(
    async () => {
      const { allowed_networks, password_reset_webhook, ...rest } = draft
      // What is no number goes as it is, and the server says what is wrong with it.
      const number = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : text)
      const body = {
        ...rest,
        retention_days: number(rest.retention_days),
        password_min_length: number(rest.password_min_length),
        retry_schedule: words(rest.retry_schedule),
        password_reset_webhook: password_reset_webhook || null,
        ...(master
          ? { allowed_networks: allowed_networks.trim() ? words(allowed_networks) : null }
          : {}),
      }
      await call('PATCH', path, { body, headers: ifMatch(base.version) })
      return getWithVersion<RealmSettings>(path)
    },
    ['settings', 'realm'],
    (after, sent: typeof draft) => {
      start(after, sent)
      toast('Saved.')
    },
  )
  return (
    <form
      noValidate
      className="space-y-6"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(draft)
      }}
    >
      <Section title="Deliveries">
        <Text
          label="Retry after"
          mono
          value={draft.retry_schedule}
          onChange={(retry_schedule) => set({ retry_schedule })}
          error={field('retry_schedule')}
          hint="Waits between attempts, for webhooks that set none themselves."
          spellCheck={false}
        />
        <div className="grid sm:grid-cols-2 gap-5">
          <Text
            label="Timeout"
            value={draft.timeout}
            onChange={(timeout) => set({ timeout })}
            error={field('timeout')}
            hint="For one attempt, from DNS to the last byte; at most 30s."
          />
          <Text
            label="Retention, in days"
            inputMode="numeric"
            value={draft.retention_days}
            onChange={(retention_days) => set({ retention_days })}
            error={field('retention_days')}
            hint="Events and deliveries older than this are removed."
          />
          <Text
            label="Secret overlap"
            value={draft.secret_overlap}
            onChange={(secret_overlap) => set({ secret_overlap })}
            error={field('secret_overlap')}
            hint="How long an old webhook secret goes on signing."
          />
        </div>
        {master && (
          <Field
            label="Allowed networks"
            error={field('allowed_networks')}
            value={draft.allowed_networks}
            hint="Networks that are not public, one a line, which webhooks of master may reach: some of those that the server was started with. Empty: all of them."
          >
            {(ids) => (
              <textarea
                {...ids}
                className="field"
                rows={3}
                spellCheck={false}
                placeholder="10.1.0.0/16"
                value={draft.allowed_networks}
                onChange={(event) => set({ allowed_networks: event.target.value })}
              />
            )}
          </Field>
        )}
      </Section>
      <Section title="Passwords">
        <Text
          label="Shortest password, in characters"
          inputMode="numeric"
          className="sm:!w-40"
          value={draft.password_min_length}
          onChange={(password_min_length) => set({ password_min_length })}
          error={field('password_min_length')}
        />
        <Field
          label="Webhook that mails reset links"
          error={field('password_reset_webhook')}
          value={draft.password_reset_webhook}
          hint="It alone is sent the token, as data.token of auth.reset_password, and never for users who may do more than you. If somebody who may do less than you changes where it sends to, this ends."
        >
          {(ids) => (
            <Picker
              ids={ids}
              kind="webhook"
              none="None: links are handed out by administrators"
              accept={isMailer}
              value={draft.password_reset_webhook || undefined}
              onChange={(id) => set({ password_reset_webhook: id ?? '' })}
            />
          )}
        </Field>
        <Rest of={failed} fields={shown} />
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
    </form>
  )
}

export function SettingsPage() {
  const navigate = useNavigate()
  const toast = useToast()
  const realm = useThisRealm()
  const settings = useSettings()
  if (realm.isPending || settings.isPending) return <Skeleton />
  if (isLost(realm) || isLost(settings))
    return (
      <PageFailure
        error={realm.error ?? settings.error}
        retry={() => Promise.all([realm.refetch(), settings.refetch()])}
      />
    )
  const data = realm.data
  return (
    <div className="max-w-3xl">
      <PageHead title="Realm settings" lead={data.display_name || data.name} />
      <div className="space-y-6">
        <About key={data.id} realm={data} />
        <SettingsForm key={`${data.id}-s`} settings={settings.data} />
        {data.name !== 'master' && (
          <Section
            title="Delete this realm"
            lead="Its webhooks, events, users, roles, clients and keys go with it. This cannot be undone."
          >
            <Confirm
              button="Delete the realm…"
              typed={data.name}
              title={`Delete the realm ${data.name}?`}
              action="Delete the realm"
              keys={['realms']}
              request={() =>
                call('DELETE', realmPath(data.name, ''), { headers: ifMatch(data.version) })
              }
              done={async () => {
                toast('The realm is deleted.')
                await navigate({ to: '/$realm', params: { realm: 'master' } })
              }}
            >
              <p>
                Everything of “{data.display_name || data.name}” is removed. What is pending is
                cancelled.
              </p>
              <Contents realm={data.name} />
            </Confirm>
          </Section>
        )}
      </div>
    </div>
  )
}
