import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { call, ifMatch, raw, realmPath, type Role, type User } from '../api/client'
import { type ExactUser, useCredentials, userFrom, useUser, useUserRoles } from '../directory'
import { useRealm } from '../queries'
import { Confirm, Rest, SaveRow, Section, Text, useDraft, useSave } from '../ui/form'
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
import { Unsaved, useOpened } from '../ui/leaving'
import { Back, Go, plainLink } from '../ui/listing'
import { Picker } from '../ui/picker'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'
import { useToast } from '../ui/toasts'
import { KeysOfUser, keysQuery } from './user-keys'
import { bodyOf, draftOf, fullName, UserFields, userFields } from './users'

function Profile({ user }: { user: ExactUser }) {
  const realm = useRealm()
  const toast = useToast()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(user, draftOf)
  const { save, busy, failed, field } = useSave(
    () =>
      userFrom(
        raw('PUT', `/api/v1${realmPath(realm, `/users/${user.id}`)}`, {
          text: bodyOf(draft),
          headers: ifMatch(base.version),
        }),
      ),
    ['users', 'user'],
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
      <Section title="Profile">
        <UserFields draft={draft} set={set} field={field} />
        <Rest of={failed} fields={userFields} />
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

function Roles({ id }: { id: string }) {
  const realm = useRealm()
  const mine = useUserRoles(id)
  const [wanted, setWanted] = useState('')
  const path = (role: string) => realmPath(realm, `/users/${id}/roles/${role}`)
  const assign = useSave(
    (role: string) => call('POST', path(role)),
    ['user-roles'],
    () => setWanted(''),
  )
  const [revoke, setRevoke] = useState(false)
  const isLeft = (role: unknown) => !mine.data?.some((each) => each.id === (role as Role).id)
  return (
    <Section title="Roles" lead="What this user may do is what these roles together permit.">
      {mine.isPending ? (
        <Skeleton rows={2} />
      ) : isLost(mine) ? (
        <Failure error={mine.error} retry={() => mine.refetch()} />
      ) : mine.data.length === 0 ? (
        <p className="text-muted text-[13px]">No role yet.</p>
      ) : (
        <ul className="rounded-lg border border-line divide-y divide-line/70">
          {mine.data.map((role) => (
            <li key={role.id} className="flex items-center gap-3 pl-4 pr-2 min-h-11">
              <div className="flex-1 min-w-0 py-2">
                <Go
                  to={role.client_id ? '/$realm/clients/$id/roles/$role' : '/$realm/roles/$role'}
                  params={{ realm, id: role.client_id, role: role.id }}
                  className="font-medium hover:underline break-words"
                >
                  {role.name}
                </Go>
                {role.client_id && (
                  <span className="ml-2">
                    <Badge tone="idle">of a client</Badge>
                  </span>
                )}
              </div>
              <Confirm
                button=""
                tone="quiet"
                icon="cross"
                className="w-8 px-0"
                aria-label={`Take ${role.name} away`}
                title={`Take ${role.name} away?`}
                action="Take it away"
                keys={['user-roles', 'user-api-keys', 'api-keys']}
                done={() => setRevoke(false)}
                request={() => call('DELETE', path(role.id) + keysQuery(revoke))}
              >
                <p>What they may do by this role they may not any more, from now on.</p>
                <KeysOfUser id={id} revoke={revoke} onChange={setRevoke} />
              </Confirm>
            </li>
          ))}
        </ul>
      )}
      <form
        className="flex gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          if (wanted) assign.save.mutate(wanted)
        }}
      >
        <Picker
          kind="role"
          label="Role"
          none="Choose a role…"
          className="flex-1 min-w-0"
          accept={isLeft}
          value={wanted || undefined}
          onChange={(id) => setWanted(id ?? '')}
        />
        <Button type="submit" disabled={!wanted} busy={assign.busy}>
          Assign
        </Button>
      </form>
      {assign.failed && <Failure error={assign.failed} />}
    </Section>
  )
}

function SetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const realm = useRealm()
  const toast = useToast()
  const [password, setPassword] = useState('')
  const { save, busy, failed, field } = useSave(
    () => call('PUT', realmPath(realm, `/users/${user.id}/password`), { body: { password } }),
    ['credentials', 'user'],
    () => {
      toast('The password is set.')
      return onClose()
    },
  )
  return (
    <Modal open onClose={onClose} title={`Set ${user.username}’s password`}>
      <form
        noValidate
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate(undefined)
        }}
      >
        <Text
          label="New password"
          autoFocus
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          error={field('password')}
          hint="They stay logged in nowhere. The realm’s settings say how long it must be."
        />
        <Unsaved inDialog when={!busy && password !== ''} />
        <Rest of={failed} fields={['password']} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" busy={busy}>
            Set password
          </Button>
        </div>
      </form>
    </Modal>
  )
}

function ResetLink({ user, onClose }: { user: User; onClose: () => void }) {
  const realm = useRealm()
  const { save, busy, failed } = useSave(
    () =>
      call<{ token: string; expires_at: string }>(
        'POST',
        realmPath(realm, `/users/${user.id}/reset-password`),
      ),
    [],
  )
  const link =
    save.data &&
    `${location.origin}/set-password#realm=${encodeURIComponent(realm)}&token=${encodeURIComponent(save.data.token)}`
  return (
    <Modal open onClose={onClose} title={`A link for ${user.username}`}>
      {link && save.data ? (
        <div className="space-y-3">
          <p className="text-muted">
            With this link they set a password themselves, once, until{' '}
            <Time at={save.data.expires_at} full />.
          </p>
          <div className="flex items-center gap-1 rounded-lg bg-sunken border border-line pl-3 pr-1.5 py-1.5">
            <code className="flex-1 font-mono text-[12.5px] break-all">{link}</code>
            <CopyButton text={link} label="Copy link" />
          </div>
          <p className="hint">It is shown this once: copy it now.</p>
          <div className="flex justify-end">
            <Button tone="primary" onClick={onClose}>
              I have it
            </Button>
          </div>
        </div>
      ) : (
        <div className="space-y-5">
          <p className="text-muted">
            Makes a link with which {user.username} sets a new password. Links made before stop
            working, and the event{' '}
            <code className="font-mono text-[12.5px]">auth.reset_password</code> is published.
          </p>
          {failed && <Failure error={failed} />}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button tone="primary" busy={busy} onClick={() => save.mutate(undefined)}>
              Make the link
            </Button>
          </div>
        </div>
      )}
    </Modal>
  )
}

function Credentials({ user }: { user: User }) {
  const realm = useRealm()
  const toast = useToast()
  const credentials = useCredentials(user.id)
  const [setting, openSetting] = useOpened('set')
  const [resetting, openResetting] = useOpened('reset')
  return (
    <Section
      title="Credentials"
      actions={
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => void openSetting(true)}>Set password</Button>
          <Button onClick={() => void openResetting(true)}>Reset password</Button>
        </div>
      }
    >
      {credentials.isPending ? (
        <Skeleton rows={1} />
      ) : isLost(credentials) ? (
        <Failure error={credentials.error} retry={() => credentials.refetch()} />
      ) : credentials.data.length === 0 ? (
        <p className="text-muted text-[13px]">None: this user cannot log in.</p>
      ) : (
        <ul className="rounded-lg border border-line divide-y divide-line/70">
          {credentials.data.map((each) => (
            <li
              key={each.id}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 pl-4 pr-2 py-2"
            >
              <div className="flex-1 min-w-0">
                <span className="font-medium capitalize">{each.type}</span>{' '}
                <span className="text-muted text-[13px]">
                  set <Time at={each.updated_at} />
                </span>
              </div>
              <Confirm
                button="Delete"
                tone="quiet"
                title={`Delete ${user.username}’s ${each.type}?`}
                action="Delete"
                keys={['credentials']}
                done={() => toast('The credential is deleted.')}
                request={() =>
                  call('DELETE', realmPath(realm, `/users/${user.id}/credentials/${each.id}`))
                }
              >
                <p>They cannot log in with it any more.</p>
              </Confirm>
            </li>
          ))}
        </ul>
      )}
      {setting && <SetPassword user={user} onClose={() => openSetting(false)} />}
      {resetting && <ResetLink user={user} onClose={() => openResetting(false)} />}
    </Section>
  )
}

export function UserPage() {
  const realm = useRealm()
  const navigate = useNavigate()
  const toast = useToast()
  const { id } = useParams({ strict: false }) as { id: string }
  const [revoke, setRevoke] = useState(false)
  const user = useUser(id)
  if (user.isPending) return <Skeleton />
  if (isLost(user)) return <PageFailure error={user.error} retry={() => user.refetch()} />
  const data = user.data
  return (
    <>
      <Back to="/$realm/users" params={{ realm }}>
        Users
      </Back>
      <PageHead
        title={data.username}
        badge={<EnabledBadge on={data.enabled} />}
        lead={fullName(data) || undefined}
        actions={
          <>
            <Go
              to="/$realm/events"
              params={{ realm }}
              search={{ resource_id: id }}
              className={plainLink}
            >
              Events
            </Go>
            <Go
              to="/$realm/sessions"
              params={{ realm }}
              search={{ user_id: id }}
              className={plainLink}
            >
              Sessions
            </Go>
            <Confirm
              button="Delete"
              title={`Delete ${data.username}?`}
              action="Delete"
              keys={['users', 'api-keys']}
              request={() =>
                call('DELETE', realmPath(realm, `/users/${id}`) + keysQuery(revoke), {
                  headers: ifMatch(data.version),
                })
              }
              done={async () => {
                toast('The user is deleted.')
                await navigate({ to: '/$realm/users' as '/$realm', params: { realm } })
              }}
            >
              <p>
                Their credentials, roles and sessions go too. This cannot be undone. To lock them
                out, disable them instead.
              </p>
              <KeysOfUser id={id} revoke={revoke} onChange={setRevoke} />
            </Confirm>
          </>
        }
      />
      <div className="grid xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] gap-6 items-start">
        <Profile key={id} user={data} />
        <div className="space-y-6 min-w-0">
          <Roles id={id} />
          <Credentials user={data} />
          <p className="text-[12px] text-muted flex items-center gap-1 flex-wrap">
            <span>Id</span>
            <span className="font-mono break-all">{data.id}</span>
            <CopyButton text={data.id} label="Copy user id" />
            <span>
              created <Time at={data.created_at} />
            </span>
          </p>
        </div>
      </div>
    </>
  )
}
