import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'

import { Icon } from './icons'

type Toast = { id: number; text: string; bad?: boolean }

const ToastContext = createContext<(text: string, bad?: boolean) => void>(() => {})

export const useToast = () => useContext(ToastContext)

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([])
  const show = useCallback((text: string, bad?: boolean) => {
    const id = Date.now() + Math.random()
    setToasts((all) => [...all.slice(-2), { id, text, bad }])
    setTimeout(() => setToasts((all) => all.filter((each) => each.id !== id)), bad ? 8000 : 4000)
  }, [])
  return (
    <ToastContext.Provider value={show}>
      {children}
      <div
        aria-live="polite"
        className="fixed bottom-4 right-4 left-4 sm:left-auto z-50 space-y-2 sm:w-96 pointer-events-none"
      >
        {toasts.map((each) => (
          <div key={each.id} className="card shadow-float px-4 py-3 flex gap-2.5 text-[13.5px]">
            <Icon
              name={each.bad ? 'cross' : 'check'}
              className={`w-4 h-4 mt-0.5 ${each.bad ? 'text-bad' : 'text-good'}`}
            />
            {each.text}
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  )
}
