import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { call, realmPath } from '../api/client'
import { type ExactType, useEventTypes, useRealm } from '../queries'
import { useSession } from '../session'
import { jsonProblem, JsonText, Rest, Text, useSave } from '../ui/form'
import { newId, plural } from '../ui/format'
import { Button, Field, Modal, Skeleton } from '../ui/kit'
import { Unsaved } from '../ui/leaving'
import { useToast } from '../ui/toasts'

const fields = ['event', 'resource_id', 'data']

/** What may be published: who did it and where is the server's to say. */
function exampleOf(type: ExactType | undefined) {
  if (!type?.built_in) return type?.example_text || '{}'
  const { actor: _, realm: __, ...rest } = type.example as Record<string, unknown>
  return JSON.stringify(rest, null, 2)
}

/** An event by hand, from its type's example; `first` is the type to begin with, where it is one. */
export function PublishDialog({ first, onClose }: { first: string; onClose: () => void }) {
  const realm = useRealm()
  const { can } = useSession()
  const types = useEventTypes()
  const toast = useToast()
  const navigate = useNavigate()
  const [chosen, setChosen] = useState(first)
  const [resource, setResource] = useState(newId)
  // What somebody typed; until then it is the example.
  const [typed, setTyped] = useState<string>()
  const [key] = useState(newId)
  const type = types.data?.find((each) => each.name === chosen)
  const data = typed ?? exampleOf(type)
  const { save, busy, failed, field } = useSave(
    () =>
      // The text goes as it is: numbers keep their digits.
      call<{ id: string; deliveries: number }>('POST', realmPath(realm, '/events'), {
        text: `{"event":${JSON.stringify(type?.name)},"resource_id":${JSON.stringify(resource)},"data":${data}}`,
        headers: { 'Idempotency-Key': key },
      }),
    ['events'],
    ({ id, deliveries }) => {
      toast(
        deliveries === 0
          ? 'Published. No webhook subscribes to it; it is in the log.'
          : `Published; it goes to ${plural(deliveries, 'webhook')}.`,
      )
      return navigate({ to: '/$realm/events/$id', params: { realm, id } })
    },
  )
  const groups = [
    { label: 'Your own', members: (types.data ?? []).filter((each) => !each.built_in) },
    {
      label: 'Built in',
      members: can('publish_builtin_events')
        ? (types.data ?? []).filter((each) => each.built_in && !each.operational)
        : [],
    },
  ].filter((group) => group.members.length > 0)
  return (
    <Modal open onClose={onClose} title="Publish an event" wide>
      <form
        className="space-y-5"
        noValidate
        onSubmit={(submit) => {
          submit.preventDefault()
          if (jsonProblem(data) === undefined) save.mutate(undefined)
        }}
      >
        <div className="grid sm:grid-cols-2 gap-5">
          <Field label="Event type" hint={type?.description} error={field('event')} value={chosen}>
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={type?.name ?? ''}
                onChange={(change) => {
                  setChosen(change.target.value)
                  setTyped(undefined)
                }}
              >
                <option value="">Choose…</option>
                {groups.map(({ label, members }) => (
                  <optgroup key={label} label={label}>
                    {members.map((each) => (
                      <option key={each.name}>{each.name}</option>
                    ))}
                  </optgroup>
                ))}
              </select>
            )}
          </Field>
          <Text
            label="Resource id"
            mono
            value={resource}
            onChange={setResource}
            error={field('resource_id')}
            hint="The UUID of what the event is about."
            spellCheck={false}
          />
        </div>
        {/* Not before the example is there: it would come into what somebody is typing. */}
        {types.isPending ? (
          <Skeleton rows={7} />
        ) : (
          <JsonText
            label="Data"
            rows={12}
            value={data}
            onChange={setTyped}
            error={field('data')}
            hint="A JSON object; it arrives byte for byte, less white space."
          />
        )}
        <Unsaved when={!busy && typed !== undefined && typed !== exampleOf(type)} />
        <Rest of={failed} fields={fields} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" icon="send" busy={busy} disabled={!type}>
            Publish
          </Button>
        </div>
      </form>
    </Modal>
  )
}
