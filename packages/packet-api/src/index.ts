// Typed calls of the Packet (Equinix Metal) API: everything that other packages may use.
export {};
