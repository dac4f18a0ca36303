import type { Alarm, Time } from './time.ts'

/** Most that a timer takes. */
const longestMs = 0x7fff_ffff

/** The platform's time and chance. Its clock runs evenly, whatever becomes of the one on the wall. */
export const platformTime: Time = {
  now: () => performance.timeOrigin + performance.now(),
  random: Math.random,
  alarm(ring: () => void): Alarm {
    let timer: ReturnType<typeof setTimeout> | undefined
    let due = Number.POSITIVE_INFINITY
    const stop = (): void => {
      clearTimeout(timer)
      due = Number.POSITIVE_INFINITY
    }
    return {
      set(time = Number.POSITIVE_INFINITY) {
        if (time === Number.POSITIVE_INFINITY) stop()
        // Times mostly move away, with each frame: to ring once for nothing costs less than to move with them.
        else if (time < due) {
          stop()
          due = time
          const delayMs = Math.min(longestMs, Math.max(0, Math.ceil(time - platformTime.now())))
          timer = setTimeout(() => {
            due = Number.POSITIVE_INFINITY
            ring()
          }, delayMs)
        }
      },
    }
  },
}
