/** Rings once at a time, which may be moved. */
export interface Alarm {
  /** Lets it ring at `time`, or not at all. It may ring earlier: whoever is woken looks at the clock. */
  set(time: number | undefined): void
}

/** What the realtime client knows of time and chance. */
export interface Time {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  alarm(ring: () => void): Alarm
}
