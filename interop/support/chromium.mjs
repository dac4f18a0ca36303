// Where the Chromium of the distribution is, and how a flow starts it.
import { existsSync } from 'node:fs'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export const findChromium = () => places.find((place) => existsSync(place))

/** No sandbox, as flows often run as root in a container; no errands of its own on the network. */
export const chromiumSwitches = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
