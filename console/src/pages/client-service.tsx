import { call, type Client, ifMatch, realmPath } from '../api/client'
import { useRoles } from '../directory'
import { useRealm } from '../queries'
import { Check, Rest, SaveRow, Section, useDraft, useSave } from '../ui/form'
import { Failure, Skeleton } from '../ui/kit'
import { Go } from '../ui/listing'
import { isLost } from '../ui/stale'
import { useToast } from '../ui/toasts'

export function ServiceAccount({ client }: { client: Client }) {
  const realm = useRealm()
  const toast = useToast()
  const roles = useRoles()
  const { base, draft, changed, conflict, start, undo, set } = useDraft(
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
        ) : isLost(roles) ? (
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
