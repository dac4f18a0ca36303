/** `polyplex/testing`: the contracts of this package as suites, and networks and buses on which things go wrong. */
export { busContract } from './bus-contract.ts'
export { type ContractCase, type DeclareTest, testContract } from './contract.ts'
export { type DialectClient, type DialectSubject, dialectContract } from './dialect-contract.ts'
export { type FaultyBus, type FaultyBusOptions, faultyBus } from './faulty-bus.ts'
export { type FaultyProxy, type FaultyProxyOptions, faultyProxy, type NetworkFault } from './faulty-proxy.ts'
export { seeded } from './seeded.ts'
export { type TransportSubject, transportContract } from './transport-contract.ts'
