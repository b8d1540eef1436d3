// Marks that a move leaves on objects while it goes on.

/** On the source Cluster once everything is on the target and equal: from then on the target's objects are the true ones. */
export const MOVED_ANNOTATION = 'cluster-api-provider-packet/moved';
