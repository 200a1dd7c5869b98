import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { call, type EventType, ifMatch, realmPath } from '../api/client'
import { type OwnType, typePath, useEventType, useRealm } from '../queries'
import { jsonProblem, JsonText, Rest, SaveRow, Section, Text, useDraft, useSave } from '../ui/form'
import { Button, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { Unsaved } from '../ui/leaving'
import { Back, Go } from '../ui/listing'
import { schemaOf } from '../ui/schema'
import { isLost } from '../ui/stale'
import { useToast } from '../ui/toasts'

type Draft = { name: string; description: string; example: string; schema: string }

const shown = ['name', 'description', 'example', 'schema']

/** The texts go as they are: numbers keep their digits, and members their order. */
function bodyOf(draft: Draft, withName: boolean): string {
  const members = [
    ...(withName ? [`"name":${JSON.stringify(draft.name.trim())}`] : []),
    `"description":${JSON.stringify(draft.description)}`,
    `"example":${draft.example.trim() || 'null'}`,
    `"schema":${draft.schema.trim() || 'null'}`,
  ]
  return `{${members.join(',')}}`
}

function Fields({
  draft,
  set,
  field,
  fixed,
}: {
  draft: Draft
  set: (change: Partial<Draft>) => void
  field: (name: string) => string | undefined
  fixed?: boolean
}) {
  const inferable = draft.example.trim() !== '' && jsonProblem(draft.example) === undefined
  return (
    <>
      <Section title="What it is">
        {!fixed && (
          <Text
            label="Name"
            mono
            autoFocus
            placeholder="order.paid"
            value={draft.name}
            onChange={(name) => set({ name })}
            error={field('name')}
            hint="Small letters, digits and _, in at least two words joined by dots. It never changes."
            maxLength={128}
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
          />
        )}
        <Text
          label="Description"
          value={draft.description}
          onChange={(description) => set({ description })}
          error={field('description')}
          placeholder="An order is paid in full."
          hint="When it is published, in one sentence."
          maxLength={2000}
        />
      </Section>
      <Section
        title="What it carries"
        lead="For people: neither is enforced. Tests and “Publish event” start from the example."
      >
        <div className="grid lg:grid-cols-2 gap-5">
          <JsonText
            label="Example of data"
            optional
            rows={14}
            value={draft.example}
            onChange={(example) => set({ example })}
            error={field('example')}
            hint="A JSON object, such as one that you would publish."
          />
          <div>
            <JsonText
              label="Schema"
              optional
              rows={14}
              value={draft.schema}
              onChange={(schema) => set({ schema })}
              error={field('schema')}
              hint="A JSON Schema of data."
            />
            <Button
              tone="quiet"
              className="-ml-3 mt-1"
              disabled={!inferable}
              onClick={() =>
                set({ schema: JSON.stringify(schemaOf(JSON.parse(draft.example)), null, 2) })
              }
            >
              Make it from the example
            </Button>
          </div>
        </div>
      </Section>
    </>
  )
}

/** What the server cannot be asked, because it would not be JSON. */
const unfit = (draft: Draft) =>
  jsonProblem(draft.example, true) !== undefined || jsonProblem(draft.schema, true) !== undefined

export function NewEventType() {
  const realm = useRealm()
  const navigate = useNavigate()
  const toast = useToast()
  const [draft, setDraft] = useState<Draft>({ name: '', description: '', example: '', schema: '' })
  const { save, busy, failed, field } = useSave(
    () => call<EventType>('POST', realmPath(realm, '/event-types'), { text: bodyOf(draft, true) }),
    ['event-types'],
    (type) => {
      toast('The event type is there: webhooks can subscribe to it.')
      return navigate({
        to: '/$realm/catalogue' as '/$realm',
        params: { realm },
        search: { type: type.name },
      })
    },
  )
  return (
    <div className="max-w-4xl">
      <Back to="/$realm/catalogue" params={{ realm }}>
        Event catalogue
      </Back>
      <PageHead
        title="Create event type"
        lead="What happens in your application, in your own words; webhooks subscribe to it like to a built-in one."
      />
      <form
        noValidate
        className="space-y-6"
        onSubmit={(event) => {
          event.preventDefault()
          if (!unfit(draft)) save.mutate(undefined)
        }}
      >
        <Fields
          draft={draft}
          set={(change) => setDraft((before) => ({ ...before, ...change }))}
          field={field}
        />
        <Rest of={failed} fields={shown} />
        <Unsaved when={!busy && Object.values(draft).some(Boolean)} />
        <div className="flex justify-end">
          <Button tone="primary" type="submit" busy={busy}>
            Create event type
          </Button>
        </div>
      </form>
    </div>
  )
}

function EditForm({ type }: { type: OwnType }) {
  const realm = useRealm()
  const navigate = useNavigate()
  const toast = useToast()
  const { base, draft, changed, conflict, undo, set } = useDraft(type, (from) => ({
    name: from.name,
    description: from.description,
    example: from.example_text,
    schema: from.schema_text,
  }))
  const { save, busy, failed, field } = useSave(
    () =>
      call<EventType>('PUT', typePath(realm, type.name), {
        text: bodyOf(draft, false),
        headers: ifMatch(base.version),
      }),
    ['event-types', 'event-type'],
    () => {
      toast('Saved.')
      return navigate({
        to: '/$realm/catalogue' as '/$realm',
        params: { realm },
        search: { type: type.name },
      })
    },
  )
  return (
    <form
      noValidate
      className="space-y-6"
      onSubmit={(event) => {
        event.preventDefault()
        if (!unfit(draft)) save.mutate(undefined)
      }}
    >
      <Fields draft={draft} set={set} field={field} fixed />
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
    </form>
  )
}

export function EditEventType() {
  const realm = useRealm()
  const { type: name } = useParams({ strict: false }) as { type: string }
  const type = useEventType(name)
  if (type.isPending) return <Skeleton />
  if (isLost(type)) return <PageFailure error={type.error} retry={() => type.refetch()} />
  return (
    <div className="max-w-4xl">
      <Go
        to="/$realm/catalogue"
        params={{ realm }}
        search={{ type: name }}
        className="inline-block text-[13px] text-muted hover:text-ink mb-1"
      >
        Event catalogue
      </Go>
      <PageHead title={name} lead="Your own event type." />
      <EditForm key={name} type={type.data} />
    </div>
  )
}
