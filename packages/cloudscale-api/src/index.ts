// Typed calls of the cloudscale.ch API: everything that other packages may use.
export {};
