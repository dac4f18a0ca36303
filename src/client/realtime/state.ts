import type { Why } from '../../codec/frame.ts'
import type { ErrorCode } from '../../errors.ts'

/** Why there is no connection. */
export interface Reason {
  /**
   * What the server said (`restart`, `unauthorized`, `kicked`, …), or what is known without it: nobody answered
   * (`unreachable`), somebody did with an HTTP status (`status`), somebody in between did not let it pass or answered
   * instead (`blocked`), the connection ended (`lost`) or fell silent (`silent`), the option `auth` gave no token (`auth`), the page was put away (`hidden`), the program closed it (`closed`).
   */
  readonly why: Why | 'unreachable' | 'status' | 'blocked' | 'lost' | 'silent' | 'auth' | 'hidden' | 'closed'
  /** HTTP status of the refusal. A browser does not tell it. */
  readonly status?: number | undefined
  /** Close code of the connection. */
  readonly closeCode?: number | undefined
  /** What went wrong, where that is known. A browser does not tell it of a WebSocket. */
  readonly code?: ErrorCode | undefined
  /** What the server or the platform says about it, for people. */
  readonly message?: string | undefined
}

/** The one state of a connection. */
export type ConnectionState =
  /** On the way; `reason` is why there is no connection yet or any more. */
  | { readonly status: 'connecting'; readonly transport: string; readonly reason?: Reason | undefined }
  /** `reason` is why it is not open over a better transport, where there is one: `blocked`. */
  | { readonly status: 'open'; readonly transport: string; readonly reason?: Reason | undefined }
  /** It tries again at `until`, a time as `Date.now()` has it. */
  | { readonly status: 'waiting'; readonly until: number; readonly reason: Reason }
  /** As `waiting`, and the platform says that there is no network: at once when it is back, and now and then before. */
  | { readonly status: 'offline'; readonly until: number; readonly reason: Reason }
  /** It does not try again by itself; `authenticate` or `reconnect` does. */
  | { readonly status: 'refused'; readonly reason: Reason }
  /** It is over. */
  | { readonly status: 'closed'; readonly reason: Reason }
