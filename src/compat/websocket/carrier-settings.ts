import { defaultLimits } from '../../protocol/limits.ts'
import { runtime } from '../../runtime/node/index.ts'
import type { CarrierEvents, CarrierSettings, Heartbeat } from '../../transport/websocket-carrier.ts'
import type { IConfig } from './config.ts'

/** What a carrier is told of the configuration. */
export function settingsOf<Owner>(
  config: IConfig,
  isClient: boolean,
  events: CarrierEvents<Owner>,
): CarrierSettings<Owner> {
  const { text, maskingKey, allocate, turn, wheel } = runtime
  const { maxReceivedMessageSize, closeTimeout, assembleFragments } = config
  const streamed = assembleFragments === false
  return {
    role: isClient ? 'client' : 'server',
    limits: {
      ...defaultLimits,
      maxMessageBytes: streamed
        ? Number.POSITIVE_INFINITY
        : (maxReceivedMessageSize ?? defaultLimits.maxMessageBytes),
    },
    text,
    streamed,
    maskingKey,
    allocate,
    // A listener may cancel the answer.
    autoPong: false,
    events,
    turn,
    wheel,
    closeTimeoutMs: closeTimeout ?? 5_000,
    heartbeat: heartbeatOf(config),
    // `outputBufferFull` and `drain` tell whoever wants to know.
    backpressure: undefined,
  }
}

function heartbeatOf(config: IConfig): Heartbeat | undefined {
  const { keepalive, useNativeKeepalive, dropConnectionOnKeepaliveTimeout } = config
  if (!keepalive || useNativeKeepalive || dropConnectionOnKeepaliveTimeout === false) return undefined
  return { everyMs: config.keepaliveInterval ?? 20_000, graceMs: config.keepaliveGracePeriod ?? 10_000 }
}
