import { useBlocker, useNavigate, useRouter, useRouterState } from '@tanstack/react-router'
import { useId } from 'react'

import { Button, Modal } from './kit'

/** Asks before what was typed and not saved is left: for another page, by "back", or with the window. `inDialog` is for
    one without an address (useOpened), whose closing is a step back to the same address. */
export function Unsaved({ when, inDialog }: { when: boolean; inDialog?: boolean }) {
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next, action }) =>
      current.pathname !== next.pathname ||
      JSON.stringify(current.search) !== JSON.stringify(next.search) ||
      (inDialog === true && action === 'BACK'),
    enableBeforeUnload: when,
    disabled: !when,
    withResolver: true,
  })
  return (
    <Modal open={status === 'blocked'} onClose={() => reset?.()} title="Leave without saving?">
      <p>What you typed here is not saved, and is lost when you leave.</p>
      <div className="flex justify-end gap-2 mt-6">
        <Button tone="danger" onClick={() => proceed?.()}>
          Leave
        </Button>
        <Button tone="primary" onClick={() => reset?.()}>
          Stay here
        </Button>
      </div>
    </Modal>
  )
}

type Opened = { dialog?: string }

/** Whether something that has no address is open. Opening is a step in the browser's history, so that "back" closes it. */
export function useOpened(name = ''): [boolean, (open: boolean) => Promise<void>] {
  const id = useId() + name
  const router = useRouter()
  const navigate = useNavigate()
  const open = useRouterState({
    select: ({ location }) => (location.state as Opened).dialog === id,
  })
  return [
    open,
    async (wanted) => {
      const now = (router.state.location.state as Opened).dialog === id
      if (wanted === now) return
      if (wanted)
        await navigate({
          to: '.',
          search: true,
          state: (before: object) => ({ ...before, dialog: id }),
        } as never)
      else
        await new Promise<void>((done) => {
          // Whoever goes on to another page waits for the step back.
          addEventListener('popstate', () => done(), { once: true })
          router.history.back()
        })
    },
  ]
}
