import { useEffect, useState, useSyncExternalStore } from 'react'

import { relative } from './format'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One clock for all times on the screen. */
function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ??= setInterval(() => listeners.forEach((each) => each()), 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** "3 min ago", which goes on; only what reads differently is drawn again. */
export const useRelative = (iso: string) => useSyncExternalStore(subscribe, () => relative(iso))

/** Whether a moment has come; what shows it is drawn again when it does. */
export const useHasCome = (iso: string) =>
  useSyncExternalStore(subscribe, () => Date.parse(iso) <= Date.now())

const wide = matchMedia('(min-width: 1024px)')
function subscribeWide(listener: () => void) {
  wide.addEventListener('change', listener)
  return () => wide.removeEventListener('change', listener)
}
/** Whether there is room for a table of one line each. */
export const useWide = () => useSyncExternalStore(subscribeWide, () => wide.matches)

/** Whether an element is on the screen, or nearly. */
export function useInView<T extends Element>(
  margin = '400px',
): [(element: T | null) => void, boolean] {
  // State and no ref: the element may come later than its component, and go before it.
  const [element, setElement] = useState<T | null>(null)
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    if (!element) return
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.at(-1)?.isIntersecting ?? false),
      // `scrollMargin` is for what scrolls inside the page; browsers that do not know it skip it.
      { rootMargin: margin, scrollMargin: margin } as IntersectionObserverInit,
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
      setSeen(false)
    }
  }, [element, margin])
  return [setElement, seen]
}

const pause_ms = 150
/** What somebody has typed, once they pause: not every letter is asked for. */
export function usePaused(text: string): string {
  const [paused, setPaused] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), pause_ms)
    return () => clearTimeout(timer)
  }, [text])
  return paused
}
